import { sql } from 'kysely'
import type { StorageKey } from '../../model/blob.ts'
import type { Database, DatabaseTransaction, TrashReason } from '../schema.ts'
import { inSeconds } from './inSeconds.ts'

/** Puts a key into the trash: its bytes may be removed after `graceSeconds`. */
export async function insertTrash(
  db: DatabaseTransaction,
  key: StorageKey,
  { reason, graceSeconds }: { reason: TrashReason; graceSeconds: number },
): Promise<void> {
  const removeAfter = inSeconds(graceSeconds)
  await db.insertInto('trash').values({ storage_key: key, reason, remove_after: removeAfter }).execute()
}

/** At most `atMost` keys whose bytes may be removed now; the keys that have waited longest come first. */
export async function listRemovable(db: Database, atMost: number): Promise<StorageKey[]> {
  const rows = await db
    .selectFrom('trash')
    .select('storage_key')
    .where('remove_after', '<=', sql<string>`now()`)
    .orderBy('remove_after')
    .limit(atMost)
    .execute()
  return rows.map((row) => row.storage_key)
}

/** Postpones the removal of the bytes under these keys to `seconds` from now. */
export async function postponeTrash(
  db: Database,
  keys: readonly StorageKey[],
  seconds: number,
): Promise<void> {
  await db
    .updateTable('trash')
    .set({ remove_after: inSeconds(seconds) })
    .where('storage_key', 'in', keys)
    .execute()
}

/** Deletes keys from the trash. To be called after their bytes were removed. */
export async function deleteTrash(db: Database, keys: readonly StorageKey[]): Promise<void> {
  if (keys.length === 0) return
  await db.deleteFrom('trash').where('storage_key', 'in', keys).execute()
}

/**
 * SCAN: puts those of the keys that are in no table into the trash, and returns these keys. No lock is needed: such a key was
 * in intents once and can never belong to a file again (I4). The bytes stay for `holdSeconds`.
 */
export async function trashUnknownKeys(
  db: Database,
  keys: readonly StorageKey[],
  holdSeconds: number,
): Promise<StorageKey[]> {
  const { rows } = await sql<{ storage_key: string }>`
    insert into trash (storage_key, reason, remove_after)
    select key, 'orphan', ${inSeconds(holdSeconds)}
    from unnest(${keys}::text[]) key
    where not exists (select from intents where storage_key = key)
      and not exists (select from blobs where storage_key = key)
      and not exists (select from trash where storage_key = key)
    on conflict do nothing
    returning storage_key
  `.execute(db)
  return rows.map((row) => row.storage_key)
}
