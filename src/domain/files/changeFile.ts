import { isDuplicate } from '../../database/connection/failures.ts'
import { deleteFileRecord, renameNamedRecord, updateFileRecord } from '../../database/rows/fileChanges.ts'
import type { Deps } from '../../deps.ts'
import { nameTaken } from '../../errors/files.ts'
import type { Actor } from '../../model/actor.ts'
import type { FileChanges, FileCondition, FileRecord } from '../../model/file.ts'
import { insistOn } from '../access/insist.ts'
import { ownCondition } from '../access/ownCondition.ts'
import { toStoredName } from '../access/storedName.ts'
import { insistOnType, limitsOf } from '../buckets/bucketRules.ts'
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
 * that has its name to itself, what `changeVersion` throws, and `scope-missing`, `name-forbidden` and `owner-forbidden`: a
 * changed expiry may delete a file, a changed name frees an address for another file, and no file may leave the actor's reach.
 */
export async function changeFile(
  deps: Deps,
  actor: Actor,
  target: ChangeTarget,
  { name: text, ...changes }: FileChanges,
): Promise<FileRecord> {
  if (changes.expiresAt !== undefined) insistOn(actor, 'delete', {})
  if (changes.owner !== undefined) insistOn(actor, 'write', { owner: changes.owner })
  const signed = { ...changes, changedBy: actor.name }
  const { mediaType } = changes
  return await changeVersion(
    byReference(deps, actor, 'write', target),
    async (version, { bucket, named, name: current }) => {
      if (mediaType !== undefined) insistOnType(await limitsOf(deps, bucket), mediaType)
      if (text === undefined) return await updateFileRecord(deps.db, version, signed)
      const name = named ? parseFilePath(text, '/file_name') : toStoredName(actor, text, '/file_name')
      insistOn(actor, 'write', { bucket, name })
      if (!named) return await updateFileRecord(deps.db, version, { ...signed, name })
      if (name === current) return await updateFileRecord(deps.db, version, signed)
      insistOn(actor, 'delete', {})
      return await renameNamedRecord(deps.db, version, bucket, { ...signed, name }).catch(
        (error: unknown) => {
          throw isDuplicate(error) ? nameTaken(name) : error
        },
      )
    },
  )
}

/** Deletes one file. Maintenance removes the bytes when no other file needs them. Throws what `changeFile` throws. */
export const removeFile = (deps: Deps, actor: Actor, target: ChangeTarget): Promise<FileRecord> =>
  changeVersion(byReference(deps, actor, 'delete', target), (version) =>
    deleteFileRecord(deps.db, version, actor.name),
  )

const byReference = (
  deps: Deps,
  actor: Actor,
  scope: 'write' | 'delete',
  { reference, bucket, condition }: ChangeTarget,
): ChangedFile => ({
  find: () => findOnlyFile(deps, actor, reference, bucket),
  condition: ownCondition(actor, scope, condition),
})
