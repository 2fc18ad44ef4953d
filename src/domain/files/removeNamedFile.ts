import { toDomainError } from '../../database/connection/failures.ts'
import { listNamesakes, markNamedDeleted } from '../../database/rows/files.ts'
import type { Deps } from '../../deps.ts'
import { fileNotFound, nameShared } from '../../errors.ts'
import { toFilePath } from '../values/fileNames.ts'

const IDS_NAMED = 100

/**
 * Deletes the file that has a name to itself, and no other: a repeated deletion must not take the next that is called so.
 * Throws `file-not-found`, `name-shared` with the ids of files that are only called so, `database-unavailable`.
 */
export async function removeNamedFile({ db }: Pick<Deps, 'db'>, bucket: string, text: string): Promise<void> {
  const name = toFilePath(text)
  try {
    if (await markNamedDeleted(db, bucket, name)) return
    const ids = await listNamesakes(db, bucket, name, IDS_NAMED)
    throw ids.length > 0 ? nameShared(name, ids) : fileNotFound()
  } catch (error) {
    throw toDomainError(error)
  }
}
