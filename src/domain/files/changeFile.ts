import { classifyFailure, isDuplicate } from '../../database/connection/failures.ts'
import { deleteFileRecord, updateFileRecord } from '../../database/rows/fileChanges.ts'
import type { Deps } from '../../deps.ts'
import { nameTaken } from '../../errors/files.ts'
import { databaseUnavailable } from '../../errors/service.ts'
import type { FileChanges, FileRecord, FileVersion } from '../../model/file.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { insistOnType, limitsOf } from '../buckets/bucketRules.ts'
import { findOnlyFile } from './findFile.ts'

/** Which file a caller means, and what must be true of it for the change to happen. */
export interface ChangeTarget {
  readonly reference: string
  readonly bucket: string
  /** Throws `precondition-failed` for a file that is not as the caller knows it; undefined takes it as it is. */
  readonly condition: ((file: FileRecord) => void) | undefined
}

const ATTEMPTS = 5

/**
 * Changes the one file meant. Throws `file-not-found`, `ambiguous-hash`, `precondition-failed`, `type-not-allowed`,
 * `name-taken`, and `database-unavailable` for a file that others keep changing.
 */
export async function changeFile(
  deps: Deps,
  target: ChangeTarget,
  changes: FileChanges,
): Promise<FileRecord> {
  const { mediaType, name = '' } = changes
  return await whileUnchanged(deps, target, async (state, { bucket }) => {
    if (mediaType !== undefined) insistOnType(await limitsOf(deps, bucket), mediaType)
    return await updateFileRecord(deps.db, state, changes).catch((error: unknown) => {
      throw isDuplicate(error) ? nameTaken(name) : error
    })
  })
}

/** Deletes the one file meant; its bytes go when nothing else needs them. Throws what `changeFile` throws. */
export const removeFile = (deps: Deps, target: ChangeTarget): Promise<FileRecord> =>
  whileUnchanged(deps, target, (state) => deleteFileRecord(deps.db, state))

/** A condition is judged on the very version that is changed: a change in between means looking again. */
async function whileUnchanged(
  deps: Deps,
  { reference, bucket, condition }: ChangeTarget,
  change: (state: FileVersion, file: FileRecord) => Promise<FileRecord | undefined>,
): Promise<FileRecord> {
  for (let attempt = 1; ; attempt++) {
    const file = await findOnlyFile(deps, reference, bucket)
    condition?.(file)
    await failpoint('D1')
    const state = { id: file.id, version: condition && file.version }
    const changed = await change(state, file).catch((error: unknown) => {
      if (classifyFailure(error) === 'retry' && attempt < ATTEMPTS) return undefined
      throw error
    })
    await failpoint('D2')
    if (changed) return changed
    if (attempt === ATTEMPTS)
      throw databaseUnavailable(new Error(`The file changed ${ATTEMPTS} times while it was being changed.`))
  }
}
