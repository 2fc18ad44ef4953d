import { sql } from 'kysely'
import type { Database, DatabaseTransaction } from '../schema.ts'

/** A storage that is bound to this database: one, or two while files move and afterwards. */
export interface KnownStorage {
  readonly id: string
  /** Whether the storage has every blob, so that it may be used alone. At most one storage is complete. */
  readonly complete: boolean
  /** Whether new intents may name this storage. */
  readonly writable: boolean
}

/** The storages of this database, the oldest first. */
export const listStorages = (db: Database): Promise<KnownStorage[]> =>
  db.selectFrom('storages').select(['id', 'complete', 'writable']).orderBy('created_at').execute()

/** Makes this the only storage of a database without blobs. Running uploads to other storages fail at their commit. */
export async function tieOnlyStorage(db: Database, id: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('storages').execute() // waits for intents that are being committed
    await trashIntentsBut(trx, id)
    await trx.insertInto('storages').values({ id, complete: true, writable: true }).execute()
    await trx
      .insertInto('installation')
      .values({ storage_id: id })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ storage_id: id }))
      .execute()
  })
}

/** Adds an empty storage beside the storage `besideId`, and deletes the rows of all others. */
export async function tieSecondStorage(db: Database, id: string, besideId: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('storages').where('id', '<>', besideId).execute()
    await trx.insertInto('storages').values({ id, complete: false, writable: false }).execute()
  })
}

/** Marks this storage as writable, and every other as incomplete: new blobs will be only in this one. */
export async function beginWriting(db: Database, id: string): Promise<void> {
  await sql`
    update storages set writable = writable or id = ${id}, complete = complete and id = ${id}
    where id = ${id} and not writable or id <> ${id} and complete
  `.execute(db)
}

/**
 * Ends writing to the storage `id`: no new intent can name it. All intents but those of the storage `otherId` go into the trash,
 * so that their uploads fail at the commit. Afterwards no new blob can have its bytes only in the storage `id`.
 */
export async function endWriting(db: Database, id: string, otherId: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    // This lock waits for transactions that insert intents; an update without it would not.
    await trx.selectFrom('storages').select('id').where('id', '=', id).forUpdate().execute()
    await trx.updateTable('storages').set({ writable: false }).where('id', '=', id).execute()
    await trashIntentsBut(trx, otherId)
  })
}

/** Moves the intents of all other storages into the trash. */
async function trashIntentsBut(trx: DatabaseTransaction, storageId: string): Promise<void> {
  await sql`
    with gone as (delete from intents where storage_id is distinct from ${storageId} returning storage_key)
    insert into trash (storage_key, reason, remove_after) select storage_key, 'reaped', now() from gone
  `.execute(trx)
}

/**
 * Marks this storage as complete and the other as incomplete. False, and nothing is changed, when a service has begun to
 * write to the other storage meanwhile.
 */
export async function completeStorage(db: Database, id: string, otherId: string): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const other = await trx
      .updateTable('storages')
      .set({ complete: false })
      .where('id', '=', otherId)
      .where('writable', '=', false)
      .returning('id')
      .executeTakeFirst()
    if (!other) return false
    await trx.updateTable('storages').set({ complete: true }).where('id', '=', id).execute()
    await trx.updateTable('installation').set({ storage_id: id }).execute()
    await sql`truncate copies`.execute(trx)
    return true
  })
}
