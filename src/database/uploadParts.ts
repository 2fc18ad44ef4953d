import { sql } from 'kysely'
import type { StorageKey } from '../storage/storage.ts'
import type { Database } from './schema.ts'
import { trashIntents } from './uploads.ts'

/** A part of an upload that the service received itself. */
export interface UploadPart {
  /** From 1 to 10,000. */
  readonly number: number
  readonly storageKey: StorageKey
  /** Bytes. */
  readonly size: number
  readonly md5: Buffer
}

/**
 * Makes received bytes a part of a pending upload; one of the same number goes to the trash. Its intent stands until the
 * upload ends. False when the upload is not pending any more, or the intent was reaped: nothing was done.
 */
export async function putUploadPart(db: Database, uploadId: string, part: UploadPart): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const { rows } = await sql`
      update intents set lease_expires_at = u.expires_at + interval '10 minutes' from (
        select expires_at from uploads where id = ${uploadId} and status = 'pending' and expires_at > now() for share
      ) u where storage_key = ${part.storageKey} returning storage_key
    `.execute(trx)
    if (rows.length === 0) return false
    // Two at once with the same number: the second waits here for the first.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`${uploadId}/${part.number}`}, 0))`.execute(trx)
    const before = await trx
      .deleteFrom('upload_parts')
      .where('upload_id', '=', uploadId)
      .where('number', '=', part.number)
      .returning('storage_key')
      .execute()
    await trashIntents(
      trx,
      before.map(({ storage_key }) => storage_key),
    )
    const { number, storageKey: storage_key, size, md5 } = part
    await trx
      .insertInto('upload_parts')
      .values({ upload_id: uploadId, number, storage_key, size, md5 })
      .execute()
    return true
  })
}

/** The parts of an upload, by their numbers. */
export async function listUploadParts(db: Database, uploadId: string): Promise<UploadPart[]> {
  const rows = await db
    .selectFrom('upload_parts')
    .select(['number', 'storage_key', 'size', 'md5'])
    .where('upload_id', '=', uploadId)
    .orderBy('number')
    .execute()
  return rows.map(({ number, storage_key: storageKey, size, md5 }) => ({ number, storageKey, size, md5 }))
}
