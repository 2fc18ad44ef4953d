import { type Selectable, sql } from 'kysely'
import { bucketNotEmpty, bucketNotFound } from '../../errors/buckets.ts'
import type { Reach } from '../../model/actor.ts'
import type { StorageKey } from '../../model/blob.ts'
import type { BucketRecord, BucketRules } from '../../model/bucket.ts'
import type { Database, DatabaseTransaction, Schema } from '../schema.ts'
import { isLiveInIndex } from './live.ts'
import { toLikePatterns } from './reach.ts'
import { deleteUploadsTo } from './uploadEnds.ts'

/** The bucket of this name; undefined when there is none. Clients may send files to it even so: the first file creates it. */
export async function findBucket(db: Database, name: string): Promise<BucketRecord | undefined> {
  const row = await db.selectFrom('buckets').selectAll().where('name', '=', name).executeTakeFirst()
  return row && toBucketRecord(row)
}

/** At most `limit` buckets within the reach with names after `after`, sorted by code point. */
export async function listBucketRecords(
  db: Database,
  { buckets }: Reach,
  { after, limit }: { after: string; limit: number },
): Promise<BucketRecord[]> {
  const name = sql<string>`name collate "C"`
  const rows = await db
    .selectFrom('buckets')
    .selectAll()
    .where(name, '>', after)
    .$if(!buckets.includes('*'), (query) =>
      query.where(sql<boolean>`name like any(${toLikePatterns(buckets)}::text[])`),
    )
    .orderBy(name)
    .limit(limit)
    .execute()
  return rows.map(toBucketRecord)
}

/** Inserts a bucket. Undefined when there is a bucket of this name already. */
export async function insertBucket(
  db: Database,
  name: string,
  rules: Partial<BucketRules>,
): Promise<BucketRecord | undefined> {
  const row = await db
    .insertInto('buckets')
    .values({ name, ...toColumns(rules) })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  return row && toBucketRecord(row)
}

/** Inserts the bucket, with `defaultRules`, if there is none. */
export async function ensureBucket(trx: DatabaseTransaction, name: string): Promise<void> {
  await trx
    .insertInto('buckets')
    .values({ name })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Locks the bucket's row, so that no other transaction deletes the bucket before this one ends. False when there is none. */
export async function lockBucket(trx: DatabaseTransaction, name: string): Promise<boolean> {
  const { rows } = await sql`select from buckets where name = ${name} for key share`.execute(trx)
  return rows.length > 0
}

/** Changes the given rules. Undefined when there is no bucket of this name. */
export async function updateBucketRules(
  db: Database,
  name: string,
  rules: Partial<BucketRules>,
): Promise<BucketRecord | undefined> {
  const row = await db
    .updateTable('buckets')
    .set({ ...toColumns(rules), updated_at: sql<string>`now()` })
    .where('name', '=', name)
    .returningAll()
    .executeTakeFirst()
  return row && toBucketRecord(row)
}

/**
 * Deletes a bucket and its announced uploads, whose received bytes go into the trash. A transaction that adds a file locks the
 * bucket's row; this function waits for that lock, and then looks for files. Returns the keys of received parts. Throws
 * `bucket-not-found`, and `bucket-not-empty` while the bucket has live files; then nothing is deleted.
 */
export async function deleteBucketRecord(db: Database, name: string): Promise<StorageKey[]> {
  return await db.transaction().execute(async (trx) => {
    await insistOnEmpty(trx, name) // first: the uploads to a bucket that is in use are not locked for nothing
    const parts = await deleteUploadsTo(trx, name) // before the bucket's row is locked: a commit locks in this order
    const { rows } = await sql`select from buckets where name = ${name} for update`.execute(trx)
    if (rows.length === 0) throw bucketNotFound()
    await insistOnEmpty(trx, name)
    await trx.deleteFrom('buckets').where('name', '=', name).execute()
    return parts
  })
}

async function insistOnEmpty(trx: DatabaseTransaction, name: string): Promise<void> {
  const { rows } = await sql`
    select from files f where f.bucket = ${name} and ${sql.raw(isLiveInIndex)} limit 1
  `.execute(trx)
  if (rows.length > 0) throw bucketNotEmpty(name)
}

const toColumns = (rules: Partial<BucketRules>) => ({
  ...(rules.visibility !== undefined && { visibility: rules.visibility }),
  ...(rules.links !== undefined && { links: rules.links }),
  ...(rules.maxFileSizeBytes !== undefined && { max_file_size: rules.maxFileSizeBytes }),
  ...(rules.allowedTypes !== undefined && { allowed_types: [...rules.allowedTypes] }),
  ...(rules.expiresInSeconds !== undefined && { expires_in_seconds: rules.expiresInSeconds }),
})

const toBucketRecord = (row: Selectable<Schema['buckets']>): BucketRecord => ({
  name: row.name,
  visibility: row.visibility,
  links: row.links,
  maxFileSizeBytes: row.max_file_size,
  allowedTypes: row.allowed_types,
  expiresInSeconds: row.expires_in_seconds,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
