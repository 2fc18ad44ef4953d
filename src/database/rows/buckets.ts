import { sql } from 'kysely'
import { bucketNotEmpty, bucketNotFound } from '../../errors/buckets.ts'
import type { Reach } from '../../model/actor.ts'
import type { StorageKey } from '../../model/blob.ts'
import type { BucketRecord, BucketRules } from '../../model/bucket.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'
import { deleteAllowance, setLimits } from './allowances.ts'
import { isLiveInIndex } from './live.ts'
import { toLikePatterns } from './reach.ts'
import { endReservations } from './reservations.ts'
import { deleteUploadsTo } from './uploadEnds.ts'

/** The bucket of this name; undefined when there is none. Clients may send files to it even so: the first file creates it. */
export async function findBucket(
  db: Database | DatabaseTransaction,
  name: string,
): Promise<BucketRecord | undefined> {
  const row = await selectBuckets(db).where('b.name', '=', name).executeTakeFirst()
  return row && toBucketRecord(row)
}

/** At most `limit` buckets within the reach with names after `after`, sorted by code point. */
export async function listBucketRecords(
  db: Database,
  { buckets, owner }: Reach,
  { after, limit }: { after: string; limit: number },
): Promise<BucketRecord[]> {
  const name = sql<string>`b.name collate "C"`
  const rows = await selectBuckets(db)
    .where(name, '>', after)
    .$if(!buckets.includes('*'), (query) =>
      query.where(sql<boolean>`b.name like any(${toLikePatterns(buckets)}::text[])`),
    )
    .$if(owner !== undefined, (query) => query.where('users', '<>', 'none'))
    .orderBy(name)
    .limit(limit)
    .execute()
  return rows.map(toBucketRecord)
}

/** Inserts a bucket. Undefined when there is a bucket of this name already. */
export async function insertBucket(
  trx: DatabaseTransaction,
  name: string,
  rules: Partial<BucketRules>,
): Promise<BucketRecord | undefined> {
  const inserted = await trx
    .insertInto('buckets')
    .values({ name, ...toColumns(rules) })
    .onConflict((conflict) => conflict.doNothing())
    .returning('name')
    .executeTakeFirst()
  if (!inserted) return undefined
  await setLimits(trx, { kind: 'bucket', name }, toLimits(rules))
  return await findBucket(trx, name)
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
  trx: DatabaseTransaction,
  name: string,
  rules: Partial<BucketRules>,
): Promise<BucketRecord | undefined> {
  const updated = await trx
    .updateTable('buckets')
    .set({ ...toColumns(rules), updated_at: sql<string>`now()` })
    .where('name', '=', name)
    .returning('name')
    .executeTakeFirst()
  if (!updated) return undefined
  await setLimits(trx, { kind: 'bucket', name }, toLimits(rules))
  return await findBucket(trx, name)
}

/**
 * Deletes a bucket with its limits and its announced uploads, whose received bytes go into the trash. A transaction that adds a
 * file locks the bucket's row; this function waits for that lock, and then looks for files. Returns the keys of received parts.
 * Throws `bucket-not-found`, and `bucket-not-empty` while the bucket has live files; then nothing is deleted.
 */
export async function deleteBucketRecord(trx: DatabaseTransaction, name: string): Promise<StorageKey[]> {
  await insistOnEmpty(trx, name) // first: the uploads to a bucket that is in use are not locked for nothing
  const { ids, parts } = await deleteUploadsTo(trx, name) // before the bucket's row is locked: a commit locks in this order
  const { rows } = await sql`select from buckets where name = ${name} for update`.execute(trx)
  if (rows.length === 0) throw bucketNotFound()
  await insistOnEmpty(trx, name)
  await trx.deleteFrom('buckets').where('name', '=', name).execute()
  await endReservations(trx, ids)
  await deleteAllowance(trx, { kind: 'bucket', name })
  return parts
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
  ...(rules.users !== undefined && { users: rules.users }),
  ...(rules.maxFileSizeBytes !== undefined && { max_file_size: rules.maxFileSizeBytes }),
  ...(rules.allowedTypes !== undefined && { allowed_types: [...rules.allowedTypes] }),
  ...(rules.expiresInSeconds !== undefined && { expires_in_seconds: rules.expiresInSeconds }),
})

const toLimits = ({ maxBytes, maxFiles }: Partial<BucketRules>) => ({
  ...(maxBytes !== undefined && { maxBytes }),
  ...(maxFiles !== undefined && { maxFiles }),
})

/** A query of buckets `b` with their allowances; `toBucketRecord` converts its rows. */
const selectBuckets = (db: Database | DatabaseTransaction) =>
  db
    .selectFrom('buckets as b')
    .leftJoin('allowances as a', (join) => join.on('a.subject', '=', sql<string>`'bucket:' || b.name`))
    .selectAll('b')
    .select(['a.max_bytes', 'a.max_files', 'a.used_bytes', 'a.used_files', 'a.deleted_bytes', 'a.ready'])

type BucketRow = Awaited<ReturnType<ReturnType<typeof selectBuckets>['execute']>>[number]

const toBucketRecord = (row: BucketRow): BucketRecord => ({
  name: row.name,
  visibility: row.visibility,
  links: row.links,
  users: row.users,
  maxFileSizeBytes: row.max_file_size,
  allowedTypes: row.allowed_types,
  expiresInSeconds: row.expires_in_seconds,
  maxBytes: row.max_bytes,
  maxFiles: row.max_files,
  usage: row.ready
    ? { bytes: row.used_bytes ?? 0, files: row.used_files ?? 0, deletedBytes: row.deleted_bytes ?? 0 }
    : null,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
