import { deleteNamedRecord } from '../../database/rows/fileChanges.ts'
import { findNamedContent } from '../../database/rows/fileContents.ts'
import { listNamesakes } from '../../database/rows/files.ts'
import type { Deps } from '../../deps.ts'
import { fileNotFound, nameShared } from '../../errors/files.ts'
import type { Actor } from '../../model/actor.ts'
import type { FileCondition, FileContent, FileRecord } from '../../model/file.ts'
import { ownCondition } from '../access/ownCondition.ts'
import { findableName } from '../values/filePaths.ts'
import { changeVersion } from './changeVersion.ts'
import { IDS_NAMED } from './findFile.ts'

/**
 * The live file for a name in a bucket that the actor reaches, with its storage key and checksums: the file that has the name to
 * itself, else the newest file of this name, but not in a bucket for users: there, whoever uploads may give a file the name of
 * somebody else's. Throws `file-not-found`.
 */
export async function findNamedFile(
  deps: Deps,
  actor: Actor,
  bucket: string,
  text: string,
): Promise<FileContent> {
  const { users } = await deps.bucketRules.of(bucket)
  return await findContent(deps, actor, { bucket, text }, users === 'none')
}

async function findContent(
  { db }: Deps,
  { reach }: Actor,
  { bucket, text }: { readonly bucket: string; readonly text: string },
  orNewest: boolean,
): Promise<FileContent> {
  const name = findableName(text)
  const content =
    name === undefined ? undefined : await findNamedContent(db, { bucket, name }, reach, { orNewest })
  if (!content) throw fileNotFound()
  return content
}

/**
 * Deletes the file that has a name to itself, and no other: a repeated deletion must not delete the next file of this name.
 * Throws `file-not-found`, and `name-shared` when no file was put under this name, but other files have it; the error has
 * their ids; and what `changeVersion` throws.
 */
export async function removeNamedFile(
  deps: Deps,
  actor: Actor,
  { bucket, name }: { readonly bucket: string; readonly name: string },
  condition: FileCondition | undefined,
): Promise<void> {
  const find = () => findNamed(deps, actor, bucket, name)
  const judge = ownCondition(actor, 'delete', condition)
  // The condition is judged in the transaction: the file may have been replaced since it was found.
  await changeVersion({ find, condition: undefined }, async (_, found) => {
    const file = await deleteNamedRecord(deps.db, found, { condition: judge, by: actor.name })
    if (!file) throw fileNotFound() // deleted, or renamed, since it was found
    return file
  })
}

async function findNamed(deps: Deps, actor: Actor, bucket: string, text: string): Promise<FileRecord> {
  const { file } = await findContent(deps, actor, { bucket, text }, true)
  if (file.named) return file
  const ids = await listNamesakes(deps.db, file, { reach: actor.reach, atMost: IDS_NAMED })
  throw nameShared(file.name, ids)
}
