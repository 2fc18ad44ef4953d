import { findFileRecord } from '../../database/rows/files.ts'
import { settleCommits } from '../../database/rows/installation.ts'
import { findUpload } from '../../database/rows/uploads.ts'
import type { Deps } from '../../deps.ts'
import { fileNotFound } from '../../errors/files.ts'
import type { FileRecord } from '../../model/file.ts'
import type { UploadRecord } from '../../model/upload.ts'

type Which = Pick<UploadRecord, 'id' | 'bucket'>

/** The live file that an upload has become, if it has. */
export const fileOf = ({ db }: Deps, { id, bucket }: Which): Promise<FileRecord | undefined> =>
  findFileRecord(db, { kind: 'id', value: id, bucket })

/** The same, of which a client may be told that it is durable although somebody else made it. */
export async function settledFileOf(deps: Deps, which: Which): Promise<FileRecord | undefined> {
  const file = await fileOf(deps, which)
  if (!file) return undefined
  await settleCommits(deps.db)
  return file
}

/** An upload that has not expired. Throws `file-not-found`. */
export async function requireUpload({ db }: Deps, id: string): Promise<UploadRecord> {
  const upload = await findUpload(db, id)
  if (!upload) throw fileNotFound()
  return upload
}
