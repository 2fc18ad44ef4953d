import { type RawBuilder, sql, type Updateable } from 'kysely'
import type { FileChanges, FileRecord, FileVersion } from '../../model/file.ts'
import type { Database, DatabaseTransaction, Schema } from '../schema.ts'
import { fileColumns } from './files.ts'
import { secondsAgo } from './inSeconds.ts'
import { isExpired, isLive, isLiveInIndex } from './live.ts'

const atVersion = ({ id, version }: FileVersion) =>
  sql<boolean>`f.id = ${id}::uuid and ${sql.raw(isLive)} and f.version = coalesce(${version}, f.version)`

/** Changes a live file. Undefined when the file is gone or at another version. */
export async function updateFileRecord(
  db: Database,
  version: FileVersion,
  { name, mediaType, metadata, expiresAt }: FileChanges,
): Promise<FileRecord | undefined> {
  const columns: Updateable<Schema['files']> = {
    ...(name !== undefined && { name }),
    ...(mediaType !== undefined && { media_type: mediaType }),
    ...(metadata !== undefined && { metadata: JSON.stringify(metadata) }),
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
  }
  const update = db
    .updateTable('files as f')
    .set({ ...columns, version: sql<number>`f.version + 1`, updated_at: sql<Date>`now()` })
    .where(atVersion(version))
    .returningAll('f')
  // One statement: between two of them the next change could come, and be shown as this one.
  const { rows } = await sql<FileRecord>`
    with f as (${update}) select ${sql.raw(fileColumns)} from f join blobs b on b.id = f.blob_id
  `.execute(db)
  return rows[0]
}

/** Deletes a live file. Undefined when the file is gone or at another version. */
export async function deleteFileRecord(db: Database, version: FileVersion): Promise<FileRecord | undefined> {
  const [file] = await endFiles<FileRecord>(db, atVersion(version), 'deleted', fileColumns)
  return file
}

/** Deletes the live file that has this name to itself. False when there is none. */
export async function deleteNamedRecord(db: Database, bucket: string, name: string): Promise<boolean> {
  const where = sql`f.bucket = ${bucket} and f.name = ${name} and f.named and ${sql.raw(isLiveInIndex)}`
  return (await endFiles(db, where, 'deleted', 'f.id')).length > 0
}

/**
 * Clears a name for a file that will have it to itself: other transactions that want the name wait until this one ends, and
 * the file that has it is deleted. (The unique index would let the second of two such transactions fail.)
 */
export async function clearName(
  trx: DatabaseTransaction,
  { bucket, name }: Pick<FileRecord, 'bucket' | 'name'>,
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${bucket}/${name}`}, 0))`.execute(trx)
  // An expired file has its name until it is marked as deleted.
  const where = sql`f.bucket = ${bucket} and f.name = ${name} and f.named and f.deleted_at is null`
  await endFiles(trx, where, 'replaced', 'f.id')
}

/** Marks files as deleted whose life is over. Returns their number. */
export async function expireFileRecords(db: Database, atMost: number): Promise<number> {
  const expired = sql.raw(isExpired)
  // Asked twice: the life of a file may be prolonged between its choice and its change.
  const where = sql`f.id in (select f.id from files f where ${expired} limit ${atMost}) and ${expired}`
  return (await endFiles(db, where, 'expired', 'f.id')).length
}

/**
 * Marks the files `f` as deleted that a condition names; no other statement does. Returns the given columns of each as they
 * are then. The reason is part of the statement's text: the statistics of PostgreSQL show it.
 */
async function endFiles<Row>(
  db: Database | DatabaseTransaction,
  where: RawBuilder<unknown>,
  reason: 'deleted' | 'replaced' | 'expired',
  columns: string,
): Promise<Row[]> {
  const { rows } = await sql<Row>`/* end files: ${sql.raw(reason)} */
    with f as (
      update files as f set deleted_at = now(), updated_at = now(), version = f.version + 1 where ${where} returning f.*
    )
    select ${sql.raw(columns)} from f join blobs b on b.id = f.blob_id
  `.execute(db)
  return rows
}

/**
 * Forgets files that were deleted longer ago than the retention, and the uploads that brought them. Returns the ids of the
 * blobs they referred to.
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
