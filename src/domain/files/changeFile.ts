import { isDuplicate } from '../../database/connection/failures.ts'
import { deleteFileRecord, renameNamedRecord, updateFileRecord } from '../../database/rows/fileChanges.ts'
import type { Deps } from '../../deps.ts'
import { nameTaken } from '../../errors/files.ts'
import type { FileChanges, FileCondition, FileRecord } from '../../model/file.ts'
import { insistOnType, limitsOf } from '../buckets/bucketRules.ts'
import { toFileName } from '../values/fileNames.ts'
import { parseFilePath } from '../values/filePaths.ts'
import { type ChangedFile, changeVersion } from './changeVersion.ts'
import { findOnlyFile } from './findFile.ts'

/** The file to change, and the condition under which it may be changed. */
export interface ChangeTarget {
  /** An id or a digest of the file. */
  readonly reference: string
  readonly bucket: string
  readonly condition: FileCondition | undefined
}

/**
 * Changes one file. Throws `file-not-found`, `ambiguous-hash`, `type-not-allowed`, `name-invalid` and `name-taken` for a file
 * that has its name to itself, and what `changeVersion` throws.
 */
export async function changeFile(
  deps: Deps,
  target: ChangeTarget,
  { name: text, ...changes }: FileChanges,
): Promise<FileRecord> {
  const { mediaType } = changes
  return await changeVersion(byReference(deps, target), async (version, { bucket, named }) => {
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
  changeVersion(byReference(deps, target), (version) => deleteFileRecord(deps.db, version))

const byReference = (deps: Deps, { reference, bucket, condition }: ChangeTarget): ChangedFile => ({
  find: () => findOnlyFile(deps, reference, bucket),
  condition,
})
