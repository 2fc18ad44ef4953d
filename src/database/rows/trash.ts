import { sql } from 'kysely'
import type { StorageKey } from '../../model/blob.ts'
import type { Database, DatabaseTransaction, TrashReason } from '../schema.ts'
import { inSeconds } from './inSeconds.ts'

/** Says that the bytes under a key may be removed once `graceSeconds` have passed. */
export async function insertTrash(
  db: DatabaseTransaction,
  key: StorageKey,
  { reason, graceSeconds }: { reason: TrashReason; graceSeconds: number },
): Promise<void> {
  const removeAfter = inSeconds(graceSeconds)
  await db.insertInto('trash').values({ storage_key: key, reason, remove_after: removeAfter }).execute()
}

/** Keys whose bytes may be removed now, the longest dead first. */
export async function listRemovable(db: Database, atMost: number): Promise<StorageKey[]> {
  const rows = await db
    .selectFrom('trash')
    .select('storage_key')
    .where('remove_after', '<=', sql<Date>`now()`)
    .orderBy('remove_after')
    .limit(atMost)
    .execute()
  return rows.map((row) => row.storage_key)
}

/** Puts the removal of bytes off. */
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

/** Forgets keys whose bytes are gone. */
export async function deleteTrash(db: Database, keys: readonly StorageKey[]): Promise<void> {
  if (keys.length === 0) return
  await db.deleteFrom('trash').where('storage_key', 'in', keys).execute()
}

/**
 * Puts those of the given keys that no table knows into the trash (SCAN), and returns them.
 * A key that is nowhere was in intents once and can never become live again (I4), so this needs no lock.
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
