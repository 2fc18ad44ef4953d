import { sql } from 'kysely'
import type { StorageKey } from '../../model/blob.ts'
import type { UploadPart } from '../../model/upload.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'
import { trashIntents } from './intents.ts'
import { slackSeconds } from './uploads.ts'

export interface PartOptions {
  /** Of all parts together. */
  readonly maxBytes: number
  /** Takes room for all parts together, which have so many bytes now; undefined when the announcement has it. */
  readonly takeRoom: ((trx: DatabaseTransaction, bytes: number) => Promise<void>) | undefined
}

/**
 * Makes received bytes a part of a pending upload. An older part of the same number goes into the trash; its key is returned. The
 * intent of the part lasts as long as the upload. Nothing is changed when all parts together have more than `maxBytes`
 * (`too large`), and when the upload is not pending any more or the intent was reaped (`gone`). Throws what `takeRoom` throws.
 */
export async function putUploadPart(
  db: Database,
  uploadId: string,
  { number, storageKey, size, md5, blockCrc32 }: UploadPart,
  { maxBytes, takeRoom }: PartOptions,
): Promise<StorageKey[] | 'gone' | 'too large'> {
  return await db.transaction().execute(async (trx) => {
    // The lock of the upload's row lets one part in at a time: the sum stays right, and no number is inserted twice.
    const locked = await sql`
      select from uploads where id = ${uploadId} and status = 'pending' and expires_at > now() for update
    `.execute(trx)
    if (locked.rows.length === 0) return 'gone'
    // A statement of its own: one that also waits for the lock would not see the parts that came while it waited.
    const { rows } = await sql<{ bytes: number }>`
      select coalesce(sum(size), 0)::bigint as bytes
      from upload_parts where upload_id = ${uploadId} and number <> ${number}
    `.execute(trx)
    const bytes = (rows[0]?.bytes ?? 0) + size
    if (bytes > maxBytes) return 'too large'
    const lease = await sql`
      update intents set lease_expires_at = u.expires_at + ${slackSeconds} * interval '1 second'
      from uploads u where u.id = ${uploadId} and intents.storage_key = ${storageKey} returning u.id
    `.execute(trx)
    if (lease.rows.length === 0) return 'gone'
    const before = await trx
      .deleteFrom('upload_parts')
      .where('upload_id', '=', uploadId)
      .where('number', '=', number)
      .returning('storage_key')
      .execute()
    const trashed = await trashIntents(
      trx,
      before.map(({ storage_key }) => storage_key),
    )
    await trx
      .insertInto('upload_parts')
      .values({ upload_id: uploadId, number, storage_key: storageKey, size, md5, block_crc32: blockCrc32 })
      .execute()
    await takeRoom?.(trx, bytes)
    return trashed
  })
}

/** The bytes of a part; 0 when there is none of this number. */
export async function findPartSize(db: Database, uploadId: string, number: number): Promise<number> {
  const row = await db
    .selectFrom('upload_parts')
    .select('size')
    .where('upload_id', '=', uploadId)
    .where('number', '=', number)
    .executeTakeFirst()
  return row?.size ?? 0
}

/** The parts of an upload, in the order of their numbers. */
export async function listUploadParts(db: Database, uploadId: string): Promise<UploadPart[]> {
  const rows = await db
    .selectFrom('upload_parts')
    .select(['number', 'storage_key', 'size', 'md5', 'block_crc32'])
    .where('upload_id', '=', uploadId)
    .orderBy('number')
    .execute()
  return rows.map(({ number, storage_key: storageKey, size, md5, block_crc32: blockCrc32 }) => ({
    ...{ number, storageKey, size, md5, blockCrc32 },
  }))
}
