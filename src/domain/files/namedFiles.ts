import { toDomainError } from '../../database/connection/failures.ts'
import { type FileContent, findNamedContent } from '../../database/rows/fileContents.ts'
import type { Deps } from '../../deps.ts'
import { fileNotFound } from '../../errors.ts'
import { toFilePath } from '../values/fileNames.ts'

/**
 * The live file that a name in a bucket means, and the place of its bytes: the one that has the name to itself, else the
 * newest of those that are called so. Throws `file-not-found`, `database-unavailable`.
 */
export async function findNamedFile(
  { db }: Pick<Deps, 'db'>,
  bucket: string,
  name: string,
): Promise<FileContent> {
  // As it was stored; a name that was stored stays as it is.
  const content = await find(db, bucket, toFilePath(name))
  if (!content) throw fileNotFound()
  return content
}

async function find(db: Deps['db'], bucket: string, name: string): Promise<FileContent | undefined> {
  try {
    return await findNamedContent(db, bucket, name)
  } catch (error) {
    throw toDomainError(error)
  }
}
