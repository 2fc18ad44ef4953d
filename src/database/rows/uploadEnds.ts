import { type RawBuilder, sql } from 'kysely'
import type { StorageKey } from '../../model/blob.ts'
import type { UploadRecord } from '../../model/upload.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'
import { trashIntents } from './intents.ts'
import { endReservations } from './reservations.ts'

/** What an upload leaves to the transaction that made its file. */
export interface FinishedUpload {
  /** The keys of its parts, which are in the trash. */
  readonly parts: readonly StorageKey[]
  /** Whether it has reserved room. */
  readonly reserved: boolean
}

/**
 * Marks an upload as `uploaded`, in the same transaction as the file; another transaction that finishes the same upload waits.
 * The keys that the client wrote to, except `ownKey` with the file's bytes, go into the trash. `partsDigest` is the digest of
 * the list of parts, if the file came in parts. Undefined when another transaction or another list was first, or the upload does
 * not exist any more: the transaction must not commit.
 */
export async function finishUpload(
  trx: DatabaseTransaction,
  { id, partsDigest }: Pick<UploadRecord, 'id' | 'partsDigest'>,
  ownKey: StorageKey,
): Promise<FinishedUpload | undefined> {
  const { rows } = await sql<{ storage_key: string | null; reserved: boolean }>`
    update uploads set status = 'uploaded', updated_at = now(), expires_at = null, parts_digest = ${partsDigest}
    where id = ${id} and status = 'pending' and expires_at > now()
      and (parts_digest is null or parts_digest = ${partsDigest})
    returning storage_key, exists (select from reservations r where r.id = uploads.id) as reserved
  `.execute(trx)
  const [finished] = rows
  if (!finished) return undefined
  const { storage_key: key, reserved } = finished
  if (key !== null && key !== ownKey) await trashIntents(trx, [key])
  return { parts: await trashParts(trx, [id]), reserved }
}

/**
 * Deletes a pending upload in parts, moves its received bytes into the trash, and gives its room back. Returns the keys of its
 * parts; undefined when there is no such upload.
 */
export const deletePendingUpload = (db: Database, id: string): Promise<StorageKey[] | undefined> =>
  db.transaction().execute(async (trx) => {
    const pending = sql`id = ${id} and parts and status = 'pending' and expires_at is not null`
    const { ids, parts } = await deleteUploads(trx, pending)
    await endReservations(trx, ids)
    return ids.length > 0 ? parts : undefined
  })

/**
 * Deletes all uploads to a bucket, and moves their received bytes into the trash. Returns the ids of the uploads, whose
 * reservations are left to the caller, and the keys of their parts.
 */
export const deleteUploadsTo = (trx: DatabaseTransaction, bucket: string) =>
  deleteUploads(trx, sql`bucket = ${bucket}`)

/**
 * Deletes the uploads that these actors announced and that are no files yet, and moves their received bytes into the trash.
 * Returns the keys of their parts.
 */
export async function deleteUploadsBy(
  trx: DatabaseTransaction,
  actors: readonly string[],
): Promise<StorageKey[]> {
  const announced = sql`created_by = any(${actors}) and status = 'pending' and expires_at is not null`
  return (await deleteUploads(trx, announced)).parts
}

/**
 * Deletes the uploads that match the condition, and moves their received bytes into the trash. Locks the intents before the
 * uploads, as a commit does.
 */
async function deleteUploads(trx: DatabaseTransaction, where: RawBuilder<unknown>) {
  await sql`
    select from intents where storage_key in (select storage_key from uploads where ${where})
    order by storage_key for update
  `.execute(trx)
  // Statements of their own: they see the parts that came before the lock.
  const { rows } = await sql<{ id: string; storage_key: string | null }>`
    select id, storage_key from uploads where ${where} order by id for update
  `.execute(trx)
  const ids = rows.map(({ id }) => id)
  const parts = await trashParts(trx, ids)
  await sql`delete from uploads where id = any(${ids}::uuid[])`.execute(trx)
  await trashIntents(
    trx,
    rows.flatMap(({ storage_key: key }) => (key === null ? [] : [key])),
  )
  return { ids, parts }
}

/** Moves the parts of uploads into the trash, and returns their keys. */
async function trashParts(trx: DatabaseTransaction, uploadIds: readonly string[]): Promise<StorageKey[]> {
  const { rows } = await sql<{ storage_key: StorageKey }>`
    delete from upload_parts where upload_id = any(${uploadIds}::uuid[]) returning storage_key
  `.execute(trx)
  return await trashIntents(
    trx,
    rows.map(({ storage_key: key }) => key),
  )
}

/** Deletes at most `atMost` expired uploads; their bytes are reaped when the leases run out. Returns the number. */
export async function deleteExpiredUploads(db: Database, atMost: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('uploads')
    .where('id', 'in', (expired) =>
      expired.selectFrom('uploads').select('id').where('expires_at', '<=', sql<string>`now()`).limit(atMost),
    )
    .where('expires_at', '<=', sql<string>`now()`) // checked again: a commit may have finished the upload
    .executeTakeFirst()
  return Number(numDeletedRows)
}
