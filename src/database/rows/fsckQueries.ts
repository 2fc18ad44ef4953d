import { sql } from 'kysely'
import type { StorageKey, StoredBlob } from '../../model/blob.ts'
import type { Database } from '../schema.ts'

/** A broken invariant of `docs/storage-protocol.md`. */
export interface Violation {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7'
  /** Names the file, blob or storage key, and the fault. */
  readonly sentence: string
}

/** The number of rows of each table that knows bytes. */
export async function countRows(db: Database): Promise<Record<string, number>> {
  const { rows } = await sql<Record<string, number>>`
    select (select count(*) from files where deleted_at is null) as files,
      (select count(*) from files where deleted_at is not null) as "deleted files",
      (select count(*) from blobs) as blobs,
      (select count(*) from blobs where damaged_at is not null) as "damaged blobs",
      (select count(*) from intents) as intents,
      (select count(*) from trash) as trash
  `.execute(db)
  return { ...rows[0] }
}

/** Rows that break I2 (a file agrees with its blob), I3 (a storage key is in one table), or I6 (no blob is damaged). */
export async function findStructuralViolations(db: Database): Promise<Violation[]> {
  return await db.transaction().execute(async (trx) => {
    // These statements read whole tables, so the planner may use sequential scans, which `connectDatabase` turns off.
    await sql`set local enable_seqscan = on`.execute(trx)
    const { rows } = await structuralViolations.execute(trx)
    return rows
  })
}

const structuralViolations = sql<Violation>`
    select 'I2' as invariant, 'file ' || f.id || ' has no blob' as sentence
      from files f left join blobs b on b.id = f.blob_id where b.id is null
    union all
    select 'I2', 'file ' || f.id || ' and its blob ' || b.id || ' differ in bucket or size'
      from files f join blobs b on b.id = f.blob_id where f.bucket <> b.bucket or f.size <> b.size
    union all
    select 'I3', 'storage key ' || storage_key || ' is in ' || count(*) || ' tables'
      from (select storage_key from intents union all select storage_key from blobs union all select storage_key from trash) k
      group by storage_key having count(*) > 1
    union all
    select 'I6', 'blob ' || id || ' is marked as damaged' from blobs where damaged_at is not null
  `

/** Those of the keys that are in intents, blobs or trash. */
export async function findKnownKeys(db: Database, keys: readonly StorageKey[]): Promise<Set<StorageKey>> {
  const { rows } = await sql<{ key: string }>`
    select key from unnest(${keys}::text[]) key
    where exists (select from intents where storage_key = key)
      or exists (select from blobs where storage_key = key)
      or exists (select from trash where storage_key = key)
  `.execute(db)
  return new Set(rows.map((row) => row.key))
}

/** Whether the blob still exists and still has these bytes. */
export async function isCurrentBlob(db: Database, { id, storageKey }: StoredBlob): Promise<boolean> {
  const row = await db
    .selectFrom('blobs')
    .select('id')
    .where('id', '=', id)
    .where('storage_key', '=', storageKey)
    .executeTakeFirst()
  return row !== undefined
}
