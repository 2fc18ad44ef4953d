import { asked } from '../../database/connection/failures.ts'
import type { FileRecord } from '../../database/rows/fileRecord.ts'
import { findFileRecord } from '../../database/rows/files.ts'
import { settleCommits } from '../../database/rows/installation.ts'
import type { UploadRecord } from '../../database/rows/uploads.ts'
import type { Deps } from '../../deps.ts'

type Which = Pick<UploadRecord, 'id' | 'bucket'>

/** The live file that an upload has become, if it has. Throws `database-unavailable`. */
export const fileOf = ({ db }: Pick<Deps, 'db'>, { id, bucket }: Which): Promise<FileRecord | undefined> =>
  asked(() => findFileRecord(db, { kind: 'id', value: id, bucket }))

/** The same, of which a client may be told that it is durable although somebody else made it. */
export async function settledFileOf(deps: Pick<Deps, 'db'>, which: Which): Promise<FileRecord | undefined> {
  const file = await fileOf(deps, which)
  if (!file) return undefined
  await asked(() => settleCommits(deps.db))
  return file
}
