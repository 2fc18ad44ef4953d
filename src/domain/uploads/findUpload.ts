import { findFileRecord } from '../../database/rows/files.ts'
import { makeCommitsDurable } from '../../database/rows/installation.ts'
import { findUpload } from '../../database/rows/uploads.ts'
import type { Deps } from '../../deps.ts'
import { fileNotFound } from '../../errors/files.ts'
import { type Actor, everyFile } from '../../model/actor.ts'
import type { FileRecord } from '../../model/file.ts'
import type { UploadRecord } from '../../model/upload.ts'
import { reaches } from '../access/reaches.ts'

type UploadId = Pick<UploadRecord, 'id' | 'bucket'>

/** The live file of an upload that the caller has found; undefined when there is none (yet). */
export const fileOf = ({ db }: Deps, { id, bucket }: UploadId): Promise<FileRecord | undefined> =>
  findFileRecord(db, { kind: 'id', value: id, bucket }, everyFile)

/** As `fileOf`, for a file that another request committed: waits until that commit is durable. */
export async function findDurableFile(deps: Deps, upload: UploadId): Promise<FileRecord | undefined> {
  const file = await fileOf(deps, upload)
  if (!file) return undefined
  await makeCommitsDurable(deps.db)
  return file
}

/** The upload of this id that the actor reaches, if it has not expired. Throws `file-not-found`. */
export async function requireUpload(deps: Deps, actor: Actor, id: string): Promise<UploadRecord> {
  const upload = await findUpload(deps.db, id)
  if (!upload || !(await reaches(deps, actor, upload)))
    throw fileNotFound(
      'There is no such upload: it was never announced, was aborted, has expired or has its file.',
    )
  return upload
}
