import { type RawBuilder, sql } from 'kysely'
import type { Database, DatabaseTransaction } from '../schema.ts'
import { secondsAgo } from './inSeconds.ts'
import { isExpired } from './live.ts'

/** Why files end, and by whom. */
export interface Ending {
  readonly reason: 'deleted' | 'replaced' | 'expired'
  /** The actor that ends the files, as `createdBy` of a file. */
  readonly by: string | null
}

/** Nobody ends a file that expires. */
export const expired: Ending = { reason: 'expired', by: null }

/**
 * Marks all files `f` as deleted that match the condition; no other statement deletes files. Returns the given columns after
 * the update. The reason is a comment in the statement, so that the statistics of PostgreSQL show it.
 */
export async function endFiles<Row>(
  db: Database | DatabaseTransaction,
  where: RawBuilder<unknown>,
  { reason, by }: Ending,
  columns: string,
): Promise<Row[]> {
  const { rows } = await sql<Row>`/* end files: ${sql.raw(reason)} */
    with f as (
      update files as f set deleted_at = now(), updated_at = now(), version = f.version + 1, changed_by = ${by}
      where ${where} returning f.*
    )
    select ${sql.raw(columns)} from f join blobs b on b.id = f.blob_id
  `.execute(db)
  return rows
}

/** Marks expired files as deleted, at most `atMost`. Returns their number. */
export async function expireFileRecords(db: Database, atMost: number): Promise<number> {
  const condition = sql.raw(isExpired)
  // The condition stands twice: between the selection and the update, a change may extend the life of a file.
  const where = sql`f.id in (select f.id from files f where ${condition} limit ${atMost}) and ${condition}`
  return (await endFiles(db, where, expired, 'f.id')).length
}

/**
 * Deletes the rows of at most `atMost` files that were marked as deleted more than `retentionSeconds` ago, and the rows of
 * their uploads. Returns the blob id of each file.
 */
export async function deleteForgottenFiles(
  db: Database,
  retentionSeconds: number,
  atMost: number,
): Promise<number[]> {
  const { rows } = await sql<{ blob_id: number }>`
    with old as (
      delete from files where id in (
        select id from files where deleted_at <= ${secondsAgo(retentionSeconds)} limit ${atMost}
      ) returning id, blob_id
    ), finished as (
      delete from uploads where id in (select id from old)
    )
    select blob_id from old
  `.execute(db)
  return rows.map((row) => row.blob_id)
}

/** The buckets whose deleted files have more bytes together than live files may have. */
export async function listFullTrash(db: Database): Promise<string[]> {
  const { rows } = await sql<{ bucket: string }>`
    select substr(subject, length('bucket:') + 1) as bucket from allowances
    where starts_with(subject, 'bucket:') and ready and deleted_bytes > max_bytes order by id
  `.execute(db)
  return rows.map(({ bucket }) => bucket)
}

/**
 * Deletes the rows of at most `atMost` deleted files of a bucket, and the rows of their uploads, the longest deleted file first,
 * until the deleted files have no more bytes together than live files may have. Returns the blob id of each file.
 */
export async function deleteSurplusTrash(db: Database, bucket: string, atMost: number): Promise<number[]> {
  const { rows } = await sql<{ blob_id: number }>`
    with surplus as (
      select id from (
        select id, sum(size) over (order by deleted_at, id) - size as before from files
        where bucket = ${bucket} and deleted_at is not null
      ) f
      where before < (select deleted_bytes - max_bytes from allowances where subject = 'bucket:' || ${bucket}::text)
      limit ${atMost}
    ), old as (
      delete from files where id in (select id from surplus) and deleted_at is not null returning id, blob_id
    ), finished as (
      delete from uploads where id in (select id from old)
    )
    select blob_id from old
  `.execute(db)
  return rows.map((row) => row.blob_id)
}
