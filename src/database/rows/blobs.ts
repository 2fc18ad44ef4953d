import { sql } from 'kysely'
import type { StoredBlob } from '../../model/blob.ts'
import type { Database } from '../schema.ts'
import { inSeconds, secondsAgo } from './inSeconds.ts'

/** Marks a blob as damaged, unless its bytes were replaced meanwhile. The next upload of the same bytes replaces them. */
export async function markBlobDamaged(db: Database, blobId: number, storageKey: string): Promise<void> {
  await db
    .updateTable('blobs')
    .set({ damaged_at: sql<string>`now()` })
    .where('id', '=', blobId)
    .where('storage_key', '=', storageKey)
    .where('damaged_at', 'is', null)
    .execute()
}

/** Marks a blob as intact, unless its bytes were replaced meanwhile: they were read and match the digest. */
export async function markBlobVerified(db: Database, blobId: number, storageKey: string): Promise<void> {
  await db
    .updateTable('blobs')
    .set({ verified_at: sql<string>`now()`, damaged_at: null })
    .where('id', '=', blobId)
    .where('storage_key', '=', storageKey)
    .execute()
}

/** The current storage key of a blob; undefined when the blob does not exist any more. */
export async function findStorageKey(db: Database, blobId: number): Promise<string | undefined> {
  const row = await db.selectFrom('blobs').select('storage_key').where('id', '=', blobId).executeTakeFirst()
  return row?.storage_key
}

/** The blob that was verified longest ago; undefined when all were verified within the last `olderThanSeconds`. */
export async function findUnverifiedBlob(
  db: Database,
  olderThanSeconds: number,
): Promise<StoredBlob | undefined> {
  const [row] = await selectBlobs(db)
    .where('verified_at', '<', secondsAgo(olderThanSeconds))
    .where('damaged_at', 'is', null)
    .orderBy('verified_at')
    .limit(1)
    .execute()
  return row && toStoredBlob(row)
}

/** The id of the newest blob; 0 when there is none. */
export async function findNewestBlobId(db: Database): Promise<number> {
  const row = await db.selectFrom('blobs').select('id').orderBy('id', 'desc').limit(1).executeTakeFirst()
  return row?.id ?? 0
}

/** Blobs in the order of their ids, which are above `afterId` and at most `lastId`. */
export async function listBlobs(
  db: Database,
  { afterId, lastId, atMost }: { afterId: number; lastId: number; atMost: number },
): Promise<StoredBlob[]> {
  const rows = await selectBlobs(db)
    .where('id', '>', afterId)
    .where('id', '<=', lastId)
    .orderBy('id')
    .limit(atMost)
    .execute()
  return rows.map(toStoredBlob)
}

/** A query of blobs, to be narrowed; `toStoredBlob` converts its rows. */
export const selectBlobs = (db: Database) =>
  db.selectFrom('blobs').select(['id', 'storage_key', 'size', 'sha256', 'block_crc32'])

type BlobRow = Awaited<ReturnType<ReturnType<typeof selectBlobs>['execute']>>[number]

/** Converts a row of `selectBlobs`. */
export const toStoredBlob = (row: BlobRow): StoredBlob => ({
  id: row.id,
  storageKey: row.storage_key,
  size: row.size,
  sha256: row.sha256,
  blockCrc32: row.block_crc32,
})

/**
 * COLLECT: moves the blobs that no file refers to into the trash, and returns their number. A blob whose row is locked stays.
 * When a new file refers to one of the blobs at the same moment, the foreign key keeps all of them: the database throws an
 * error (`isReferenced`).
 */
export async function collectUnreferenced(
  db: Database,
  blobIds: readonly number[],
  graceSeconds: number,
): Promise<number> {
  const { numAffectedRows = 0 } = await sql`
    with gone as (
      delete from blobs where id in (
        select id from blobs b where id = any(${blobIds}::bigint[])
          and not exists (select from files where blob_id = b.id)
        for update skip locked
      )
      returning storage_key
    )
    insert into trash (storage_key, reason, remove_after)
    select storage_key, 'unreferenced', ${inSeconds(graceSeconds)} from gone
  `.execute(db)
  return Number(numAffectedRows)
}

/**
 * Reads one page of blobs, those after `afterId` in the order of their ids. Returns the ids of blobs that no file refers to,
 * and the last id of the page; `lastId` is undefined on the last page.
 */
export async function listUnreferencedBlobs(
  db: Database,
  afterId: number,
  pageSize: number,
): Promise<{ ids: number[]; lastId: number | undefined }> {
  const { rows } = await sql<{ id: number; referenced: boolean }>`
    select b.id, exists (select from files f where f.blob_id = b.id) as referenced
    from (select id from blobs where id > ${afterId} order by id limit ${pageSize}) b order by b.id
  `.execute(db)
  return {
    ids: rows.filter((row) => !row.referenced).map((row) => row.id),
    lastId: rows.length === pageSize ? rows.at(-1)?.id : undefined,
  }
}
