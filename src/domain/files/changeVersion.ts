import { setTimeout as sleep } from 'node:timers/promises'
import { classifyFailure } from '../../database/connection/failures.ts'
import { databaseUnavailable } from '../../errors/service.ts'
import type { FileCondition, FileRecord, FileVersion } from '../../model/file.ts'
import { failpoint } from '../../runtime/failpoint.ts'

/** The way to the file to change, and the condition under which it may be changed. */
export interface ChangedFile {
  /** Finds the file, again after another change. Throws when there is none. */
  find(): Promise<FileRecord>
  readonly condition: FileCondition | undefined
}

const ATTEMPTS = 5

/**
 * Changes the same version of a file that the condition was checked on; after another change, finds and checks the file again.
 * `change` gets a version only under a condition, and returns undefined when the file is at another version or gone. Throws what
 * all three throw, and `database-unavailable` after five attempts at a file that other requests keep changing.
 */
export async function changeVersion(
  { find, condition }: ChangedFile,
  change: (version: FileVersion, file: FileRecord) => Promise<FileRecord | undefined>,
): Promise<FileRecord> {
  for (let attempt = 1; ; attempt++) {
    const file = await find()
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
    await sleep(Math.random() * 20 * (attempt - 1))
  }
}
