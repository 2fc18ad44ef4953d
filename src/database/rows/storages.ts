import { sql } from 'kysely'
import type { Database, DatabaseTransaction } from '../schema.ts'

/** A storage of this database. There is one, or two while files move between them and after that. */
export interface KnownStorage {
  readonly id: string
  /** Whether every blob is there, so that it may be used alone. At most one is. */
  readonly complete: boolean
  /** Whether intents may be for it. */
  readonly writable: boolean
}

export const listStorages = (db: Database): Promise<KnownStorage[]> =>
  db.selectFrom('storages').select(['id', 'complete', 'writable']).orderBy('created_at').execute()

/** Makes this the only storage of a database without blobs. What is being uploaded to another fails at the fence. */
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

/** Puts an empty storage beside the one with the id `besideId`, and forgets any other. */
export async function tieSecondStorage(db: Database, id: string, besideId: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('storages').where('id', '<>', besideId).execute()
    await trx.insertInto('storages').values({ id, complete: false, writable: false }).execute()
  })
}

/** Says that a service is going to write to this storage, so that no other can be complete. */
export async function beginWriting(db: Database, id: string): Promise<void> {
  await sql`
    update storages set writable = writable or id = ${id}, complete = complete and id = ${id}
    where id = ${id} and not writable or id <> ${id} and complete
  `.execute(db)
}

/**
 * Lets nobody write but to the other storage: no intent can be had for this one, and those there are go to the trash, so
 * that their uploads fail at the fence. No blob comes to have bytes only here after it resolved.
 */
export async function endWriting(db: Database, id: string, otherId: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    // Waits for intents that are being committed; a mere update would not.
    await trx.selectFrom('storages').select('id').where('id', '=', id).forUpdate().execute()
    await trx.updateTable('storages').set({ writable: false }).where('id', '=', id).execute()
    await trashIntentsBut(trx, otherId)
  })
}

async function trashIntentsBut(trx: DatabaseTransaction, storageId: string): Promise<void> {
  await sql`
    with gone as (delete from intents where storage_id is distinct from ${storageId} returning storage_key)
    insert into trash (storage_key, reason, remove_after) select storage_key, 'reaped', now() from gone
  `.execute(trx)
}

/**
 * Says that every blob is in this storage, and no longer in the other. False when somebody has begun to write to the
 * other meanwhile; then nothing is said.
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
