import { deleteNamedRecord } from '../../database/rows/fileChanges.ts'
import { findNamedContent } from '../../database/rows/fileContents.ts'
import { listNamesakes } from '../../database/rows/files.ts'
import type { Deps } from '../../deps.ts'
import { fileNotFound, nameShared } from '../../errors/files.ts'
import type { FileContent, NameCondition } from '../../model/file.ts'
import { findableName } from '../values/filePaths.ts'
import { IDS_NAMED } from './findFile.ts'

/**
 * The live file for a name in a bucket, with its storage key and checksums: the file that has the name to itself,
 * else the newest file of this name. Throws `file-not-found`.
 */
export async function findNamedFile({ db }: Deps, bucket: string, text: string): Promise<FileContent> {
  const name = findableName(text)
  const content = name === undefined ? undefined : await findNamedContent(db, bucket, name)
  if (!content) throw fileNotFound()
  return content
}

/**
 * Deletes the file that has a name to itself, and no other: a repeated deletion must not delete the next file of this name.
 * Throws `file-not-found`, and `name-shared` when no file was put under this name, but other files have it; the error has
 * their ids; and what the condition throws.
 */
export async function removeNamedFile(
  { db }: Deps,
  { bucket, name: text }: { readonly bucket: string; readonly name: string },
  condition: NameCondition | undefined,
): Promise<void> {
  const name = findableName(text)
  if (name === undefined) throw fileNotFound()
  if (await deleteNamedRecord(db, { bucket, name }, condition)) return
  const ids = await listNamesakes(db, bucket, name, IDS_NAMED)
  throw ids.length > 0 ? nameShared(name, ids) : fileNotFound()
}
