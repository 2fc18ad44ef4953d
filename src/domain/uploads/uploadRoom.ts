import { exchangeRoom } from '../../database/rows/reservations.ts'
import type { DatabaseTransaction } from '../../database/schema.ts'
import type { Deps } from '../../deps.ts'
import { quotaExceeded } from '../../errors/files.ts'
import type { Room } from '../../model/blob.ts'
import type { UploadRecord } from '../../model/upload.ts'
import { limitsOf } from '../buckets/bucketRules.ts'

/**
 * The function that sets the room of an upload that announced no size, for as long as the upload lasts: to this number of bytes,
 * in place of the room of a part. It throws `quota-exceeded`: then its transaction must not commit. Undefined when no limit
 * bounds the upload, and when the announcement took the room.
 */
export async function roomSetter(
  deps: Deps,
  { id, bucket, size, expiresAt }: UploadRecord,
  ofPart?: Room,
): Promise<((trx: DatabaseTransaction, bytes: number) => Promise<void>) | undefined> {
  const { subjects } = await limitsOf(deps, bucket)
  if (size !== null || (subjects.length === 0 && ofPart === undefined)) return undefined
  const expiresInSeconds =
    expiresAt === null ? 0 : Math.max(0, Date.parse(expiresAt) / 1000 - deps.clock.now())
  return async (trx, bytes) => {
    const ended = [id, ofPart?.reservation].filter((reservation) => reservation !== undefined)
    const request = { id, subjects, files: 1, least: bytes, most: bytes, expiresInSeconds } as const
    const answer = await exchangeRoom(trx, ended, request)
    if ('refusedBy' in answer) throw quotaExceeded(answer.refusedBy.kind)
  }
}
