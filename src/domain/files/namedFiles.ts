import { deleteNamedRecord } from '../../database/rows/fileChanges.ts'
import { findNamedContent } from '../../database/rows/fileContents.ts'
import { listNamesakes } from '../../database/rows/files.ts'
import type { Deps } from '../../deps.ts'
import { fileNotFound, nameShared } from '../../errors/files.ts'
import type { FileContent } from '../../model/file.ts'
import { toFilePath } from '../values/fileNames.ts'
import { IDS_NAMED } from './findFile.ts'

/**
 * The live file that a name in a bucket means, and the place of its bytes: the one that has the name to itself, else the
 * newest of those that are called so. Throws `file-not-found`.
 */
export async function findNamedFile({ db }: Deps, bucket: string, name: string): Promise<FileContent> {
  // As it was stored; a name that was stored stays as it is.
  const content = await findNamedContent(db, bucket, toFilePath(name))
  if (!content) throw fileNotFound()
  return content
}

/**
 * Deletes the file that has a name to itself, and no other: a repeated deletion must not take the next that is called so.
 * Throws `file-not-found`, `name-shared` with the ids of files that are only called so.
 */
export async function removeNamedFile({ db }: Deps, bucket: string, text: string): Promise<void> {
  const name = toFilePath(text)
  if (await deleteNamedRecord(db, bucket, name)) return
  const ids = await listNamesakes(db, bucket, name, IDS_NAMED)
  throw ids.length > 0 ? nameShared(name, ids) : fileNotFound()
}
