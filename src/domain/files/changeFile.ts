import { classifyFailure, isDuplicate } from '../../database/connection/failures.ts'
import { deleteFileRecord, renameNamedRecord, updateFileRecord } from '../../database/rows/fileChanges.ts'
import type { Deps } from '../../deps.ts'
import { nameTaken } from '../../errors/files.ts'
import { databaseUnavailable } from '../../errors/service.ts'
import type { FileChanges, FileRecord, FileVersion } from '../../model/file.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { insistOnType, limitsOf } from '../buckets/bucketRules.ts'
import { toFileName } from '../values/fileNames.ts'
import { parseFilePath } from '../values/filePaths.ts'
import { findOnlyFile } from './findFile.ts'

/** The file to change, and the condition under which it may be changed. */
export interface ChangeTarget {
  /** An id or a digest of the file. */
  readonly reference: string
  readonly bucket: string
  /** Throws `precondition-failed` when the file differs from the one that the caller knows; undefined sets no condition. */
  readonly condition: ((file: FileRecord) => void) | undefined
}

const ATTEMPTS = 5

/**
 * Changes one file. Throws `file-not-found`, `ambiguous-hash`, `precondition-failed`, `type-not-allowed`, `name-invalid` and
 * `name-taken` for a file that has its name to itself, and `database-unavailable` after five attempts at a file that other requests keep changing.
 */
export async function changeFile(
  deps: Deps,
  target: ChangeTarget,
  { name: text, ...changes }: FileChanges,
): Promise<FileRecord> {
  const { mediaType } = changes
  return await changeVersion(deps, target, async (version, { bucket, named }) => {
    if (mediaType !== undefined) insistOnType(await limitsOf(deps, bucket), mediaType)
    if (text === undefined) return await updateFileRecord(deps.db, version, changes)
    if (!named) return await updateFileRecord(deps.db, version, { ...changes, name: toFileName(text) })
    const name = parseFilePath(text, '/file_name')
    return await renameNamedRecord(deps.db, version, bucket, { ...changes, name }).catch((error: unknown) => {
      throw isDuplicate(error) ? nameTaken(name) : error
    })
  })
}

/** Deletes one file. Maintenance removes the bytes when no other file needs them. Throws what `changeFile` throws. */
export const removeFile = (deps: Deps, target: ChangeTarget): Promise<FileRecord> =>
  changeVersion(deps, target, (version) => deleteFileRecord(deps.db, version))

/** Changes the same version of the file that the condition was checked on; after another change, checks the new version. */
async function changeVersion(
  deps: Deps,
  { reference, bucket, condition }: ChangeTarget,
  change: (version: FileVersion, file: FileRecord) => Promise<FileRecord | undefined>,
): Promise<FileRecord> {
  for (let attempt = 1; ; attempt++) {
    const file = await findOnlyFile(deps, reference, bucket)
    condition?.(file)
    await failpoint('D1')
    const version = { id: file.id, version: condition && file.version }
    const changed = await change(version, file).catch((error: unknown) => {
      if (classifyFailure(error) === 'retry' && attempt < ATTEMPTS) return undefined
      throw error
    })
    await failpoint('D2')
    if (changed) return changed
    if (attempt === ATTEMPTS)
      throw databaseUnavailable(new Error(`The file changed ${ATTEMPTS} times while it was being changed.`))
  }
}
