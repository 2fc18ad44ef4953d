import { findFileContent } from '../../database/rows/fileContents.ts'
import { findFileRecord, listFileIds } from '../../database/rows/files.ts'
import type { Deps } from '../../deps.ts'
import { ambiguousHash, fileNotFound } from '../../errors/files.ts'
import type { Actor } from '../../model/actor.ts'
import type { FileContent, FileRecord, FileReference } from '../../model/file.ts'
import { parseFileReference } from '../values/fileReferences.ts'

/** The largest number of ids in one problem body. */
export const IDS_NAMED = 100

/**
 * The newest live file of this id or digest that the actor reaches. Throws `file-not-found`, without a query for a text that is
 * neither.
 */
export const findFile = (
  { db }: Deps,
  { reach }: Actor,
  value: string,
  bucket: string,
): Promise<FileRecord> =>
  found(parseFileReference(value, bucket), (reference) => findFileRecord(db, reference, reach))

/** As `findFile`, with the file's storage key and checksums. */
export const findContent = (
  { db }: Deps,
  { reach }: Actor,
  value: string,
  bucket: string,
): Promise<FileContent> =>
  found(parseFileReference(value, bucket), (reference) => findFileContent(db, reference, reach))

/** The only such file. Throws `file-not-found`, or `ambiguous-hash` with the ids when there are more. */
export async function findOnlyFile(
  deps: Deps,
  actor: Actor,
  value: string,
  bucket: string,
): Promise<FileRecord> {
  const reference = parseFileReference(value, bucket)
  const file = await findFile(deps, actor, value, bucket)
  if (!reference || reference.kind === 'id') return file
  const ids = await listFileIds(deps.db, reference, { reach: actor.reach, atMost: IDS_NAMED })
  if (ids.length > 1) throw ambiguousHash(ids)
  return file
}

async function found<Result>(
  reference: FileReference | undefined,
  find: (reference: FileReference) => Promise<Result | undefined>,
): Promise<Result> {
  if (!reference) throw fileNotFound()
  const result = await find(reference)
  if (result === undefined) throw fileNotFound()
  return result
}
