import { CompiledQuery, sql } from 'kysely'
import type { StorageKey } from '../../model/blob.ts'
import type { Database, DatabaseTransaction, TrashReason } from '../schema.ts'
import { inSeconds, momentAfter } from './inSeconds.ts'

/**
 * Announces that bytes may appear under these keys in this storage. Committed when it resolves, so before any byte (I4).
 * False when nothing may be written there any more; the lock decides between this and whoever says so.
 */
export async function insertIntents(
  db: Database,
  keys: readonly StorageKey[],
  { storageId, leaseSeconds }: { storageId: string; leaseSeconds: number },
): Promise<boolean> {
  const statement = `/* insert_intents */
    with place as (select id from storages where id = $3 and writable for key share)
    insert into intents (storage_key, lease_expires_at, storage_id)
    select key, ${momentAfter('$2')}, place.id from unnest($1::text[]) key, place`
  const { numAffectedRows } = await db.executeQuery(
    CompiledQuery.raw(statement, [keys, leaseSeconds, storageId]),
  )
  return Number(numAffectedRows) === keys.length
}

/** Whether the intent still stood and got a new lease. False means it was reaped: the upload must stop. */
export async function extendIntent(db: Database, key: StorageKey, leaseSeconds: number): Promise<boolean> {
  const updated = await db
    .updateTable('intents')
    // Never earlier: a part has the lease of its upload by now, if this was on its way for long.
    .set({ lease_expires_at: sql<Date>`greatest(lease_expires_at, ${inSeconds(leaseSeconds)})` })
    .where('storage_key', '=', key)
    .returning('storage_key')
    .executeTakeFirst()
  return updated !== undefined
}

/** Gives received bytes up. They were never live, so no reader gets a grace. False when the intent is gone already. */
export async function trashIntent(db: Database, key: StorageKey, reason: TrashReason): Promise<boolean> {
  const moved = await db
    .with('gone', (cte) => cte.deleteFrom('intents').where('storage_key', '=', key).returning('storage_key'))
    .insertInto('trash')
    .columns(['storage_key', 'reason', 'remove_after'])
    .expression((from) =>
      from
        .selectFrom('gone')
        .select(['storage_key', sql.lit(reason).as('reason'), sql<Date>`now()`.as('remove_after')]),
    )
    .executeTakeFirst()
  return Number(moved.numInsertedOrUpdatedRows ?? 0) > 0
}

/** Moves intents to the trash; those that were reaped are there already. */
export async function trashIntents(trx: DatabaseTransaction, keys: readonly StorageKey[]): Promise<void> {
  await sql`
    with gone as (delete from intents where storage_key = any(${keys}::text[]) returning storage_key)
    insert into trash (storage_key, reason, remove_after) select storage_key, 'aborted', now() from gone
  `.execute(trx)
}

/** Moves every intent whose lease ran out to the trash (REAP). Rows that a commit holds are left alone. */
export async function reapIntents(db: Database, atMost: number): Promise<number> {
  const reaped = await db
    .with('gone', (cte) =>
      cte
        .deleteFrom('intents')
        .where('storage_key', 'in', (expired) =>
          expired
            .selectFrom('intents')
            .select('storage_key')
            .where('lease_expires_at', '<', sql<Date>`now()`)
            .limit(atMost)
            .forUpdate()
            .skipLocked(),
        )
        .returning('storage_key'),
    )
    .insertInto('trash')
    .columns(['storage_key', 'reason', 'remove_after'])
    .expression((from) =>
      from
        .selectFrom('gone')
        .select(['storage_key', sql.lit('reaped').as('reason'), sql<Date>`now()`.as('remove_after')]),
    )
    .executeTakeFirst()
  return Number(reaped.numInsertedOrUpdatedRows ?? 0)
}

/**
 * Whether an intent still stands, asked so that the answer waits for whoever is committing it (U13).
 * Throws what the database throws when it cannot be asked.
 */
export async function intentStands(db: Database, key: StorageKey): Promise<boolean> {
  const row = await db
    .selectFrom('intents')
    .select('storage_key')
    .where('storage_key', '=', key)
    .forUpdate()
    .executeTakeFirst()
  return row !== undefined
}

/** The newest sequence number that any intent ever got; 0 before the first. */
export async function newestIntentSequence(db: Database): Promise<number> {
  const { rows } = await sql<{ sequence: number }>`
    select coalesce(pg_sequence_last_value(pg_get_serial_sequence('intents', 'sequence')::regclass), 0)::bigint as sequence
  `.execute(db)
  return rows[0]?.sequence ?? 0
}
