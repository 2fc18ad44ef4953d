import { CompiledQuery, sql } from 'kysely'
import type { StorageKey } from '../../model/blob.ts'
import type { Database, DatabaseTransaction, TrashReason } from '../schema.ts'
import { inSeconds, momentAfter } from './inSeconds.ts'

/**
 * Announces that bytes may appear under these keys in this storage. The intents are committed before the first byte is written
 * (I4). False, and no intent, when the storage takes no new bytes any more (`endWriting`); the lock of the storage's row
 * decides which of the two statements comes first.
 */
export async function insertIntents(
  db: Database,
  keys: readonly StorageKey[],
  { storageId, leaseSeconds }: { storageId: string; leaseSeconds: number },
): Promise<boolean> {
  const statement = `/* insert_intents */
    with storage as (select id from storages where id = $3 and writable for key share)
    insert into intents (storage_key, lease_expires_at, storage_id)
    select key, ${momentAfter('$2')}, storage.id from unnest($1::text[]) key, storage`
  const { numAffectedRows } = await db.executeQuery(
    CompiledQuery.raw(statement, [keys, leaseSeconds, storageId]),
  )
  return Number(numAffectedRows) === keys.length
}

/** Extends the lease of an intent to `leaseSeconds` from now. False when the intent was reaped: the upload must stop. */
export async function extendIntent(db: Database, key: StorageKey, leaseSeconds: number): Promise<boolean> {
  const updated = await db
    .updateTable('intents')
    // `greatest`: `putUploadPart` may have set a later end of the lease while this statement was on its way.
    .set({ lease_expires_at: sql<string>`greatest(lease_expires_at, ${inSeconds(leaseSeconds)})` })
    .where('storage_key', '=', key)
    .returning('storage_key')
    .executeTakeFirst()
  return updated !== undefined
}

/**
 * Moves an intent into the trash; its bytes may be removed at once, because no reader ever saw them. False when the intent is
 * gone already.
 */
export async function trashIntent(db: Database, key: StorageKey, reason: TrashReason): Promise<boolean> {
  const moved = await db
    .with('gone', (cte) => cte.deleteFrom('intents').where('storage_key', '=', key).returning('storage_key'))
    .insertInto('trash')
    .columns(['storage_key', 'reason', 'remove_after'])
    .expression((from) =>
      from
        .selectFrom('gone')
        .select(['storage_key', sql.lit(reason).as('reason'), sql<string>`now()`.as('remove_after')]),
    )
    .executeTakeFirst()
  return Number(moved.numInsertedOrUpdatedRows ?? 0) > 0
}

/** Moves the intents of these keys into the trash, and returns the keys that were moved. Reaped intents are there already. */
export async function trashIntents(
  trx: DatabaseTransaction,
  keys: readonly StorageKey[],
): Promise<StorageKey[]> {
  const { rows } = await sql<{ storage_key: StorageKey }>`
    with gone as (delete from intents where storage_key = any(${keys}::text[]) returning storage_key)
    insert into trash (storage_key, reason, remove_after) select storage_key, 'aborted', now() from gone
    returning storage_key
  `.execute(trx)
  return rows.map(({ storage_key: key }) => key)
}

/**
 * REAP: moves at most `atMost` intents whose lease ran out into the trash, and returns their number. Rows that a commit has
 * locked stay.
 */
export async function reapIntents(db: Database, atMost: number): Promise<number> {
  const reaped = await db
    .with('gone', (cte) =>
      cte
        .deleteFrom('intents')
        .where('storage_key', 'in', (expired) =>
          expired
            .selectFrom('intents')
            .select('storage_key')
            .where('lease_expires_at', '<', sql<string>`now()`)
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
        .select(['storage_key', sql.lit('reaped').as('reason'), sql<string>`now()`.as('remove_after')]),
    )
    .executeTakeFirst()
  return Number(reaped.numInsertedOrUpdatedRows ?? 0)
}

/**
 * Whether an intent exists. Waits for a transaction that is about to commit the intent's bytes (U13). Throws what the database
 * throws.
 */
export async function intentExists(db: Database, key: StorageKey): Promise<boolean> {
  const row = await db
    .selectFrom('intents')
    .select('storage_key')
    .where('storage_key', '=', key)
    .forUpdate()
    .executeTakeFirst()
  return row !== undefined
}

/** The newest sequence number of all intents, deleted ones included; 0 before the first intent. */
export async function newestIntentSequence(db: Database): Promise<number> {
  const { rows } = await sql<{ sequence: number }>`
    select coalesce(pg_sequence_last_value(pg_get_serial_sequence('intents', 'sequence')::regclass), 0)::bigint as sequence
  `.execute(db)
  return rows[0]?.sequence ?? 0
}
