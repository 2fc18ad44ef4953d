import { sql } from 'kysely'
import type { StoredBlob } from '../../model/blob.ts'
import type { Database } from '../schema.ts'
import { selectBlobs, toStoredBlob } from './blobs.ts'

/** Blobs without a known copy in a storage, in the order of their ids, which are above `afterId` and at most `lastId`. */
export async function listUncopied(
  db: Database,
  storageId: string,
  { afterId, lastId, atMost }: { afterId: number; lastId: number; atMost: number },
): Promise<StoredBlob[]> {
  const rows = await selectBlobs(db)
    .where('id', '>', afterId)
    .where('id', '<=', lastId)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('copies')
            .select('copies.storage_key')
            .where('storage_id', '=', storageId)
            .whereRef('copies.storage_key', '=', 'blobs.storage_key'),
        ),
      ),
    )
    .orderBy('id')
    .limit(atMost)
    .execute()
  return rows.map(toStoredBlob)
}

/** The number and the total bytes of the blobs without a known copy in a storage. */
export async function countUncopied(
  db: Database,
  storageId: string,
): Promise<{ blobs: number; bytes: number }> {
  return await db.transaction().execute(async (trx) => {
    await sql`set local enable_seqscan = on`.execute(trx) // the statement reads every row
    const { rows } = await sql<{ blobs: number; bytes: number }>`
      select count(*) as blobs, coalesce(sum(size), 0)::bigint as bytes from blobs b
      where not exists (select from copies c where c.storage_id = ${storageId} and c.storage_key = b.storage_key)
    `.execute(trx)
    return rows[0] ?? { blobs: 0, bytes: 0 }
  })
}

/** Inserts the verified copies that a storage has under these keys, and marks their blobs as intact. */
export async function insertCopies(db: Database, storageId: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await sql`
    with intact as (
      update blobs set damaged_at = null, verified_at = now()
      where storage_key = any(${keys}) and damaged_at is not null
    )
    insert into copies (storage_id, storage_key) select ${storageId}, key from unnest(${keys}::text[]) key
    on conflict do nothing
  `.execute(db)
}

/** Those of the keys that belong to a blob. */
export async function findBlobKeys(db: Database, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return []
  const rows = await db.selectFrom('blobs').select('storage_key').where('storage_key', 'in', keys).execute()
  return rows.map((row) => row.storage_key)
}
