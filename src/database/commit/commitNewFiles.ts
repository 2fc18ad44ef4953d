import { sql } from 'kysely'
import type { NewFile } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import { giveBack } from '../rows/heldRoom.ts'
import type { Database } from '../schema.ts'
import { insertBlobsFrom, insertFiles, insertFilesFrom, selectInput } from './newFile.ts'

/**
 * Commits files whose bytes are new to their buckets, all in one statement: the statement deletes the intents (the fence, U9)
 * and inserts blobs and files. Returns the committed files. A file that is missing in the result was not committed: its intent
 * was reaped, or its bucket does not exist yet.
 * Throws a duplicate (`isDuplicate`) when a bucket has the bytes of one of the files already: then no file was committed.
 */
export const commitNewFiles = (db: Database, files: readonly NewFile[]): Promise<FileRecord[]> =>
  insertFiles(db, COMMIT_NEW_FILES, files)

const BEGIN = `
  with input as (${selectInput}), existing as (
    select name from buckets where name = any(array(select bucket from input)) for key share
  )`

const COMMIT_NEW_FILES = `/* commit_new_files */ ${BEGIN}, fence as (
    delete from intents i
    where i.storage_key = any(array(select storage_key from input join existing on existing.name = input.bucket))
    returning i.storage_key
  ), blob as (
    ${insertBlobsFrom('input join fence using (storage_key)')}
    returning id as blob_id, storage_key
  )
  ${insertFilesFrom('input join blob using (storage_key)')}`

/** A file, and the reservation that has room for it. */
export interface ReservedFile {
  readonly file: NewFile
  readonly reservation: string
}

/**
 * As `commitNewFiles`, for files whose room is reserved: the statement ends the reservations. No limit is judged, so a file is
 * left out, too, when its reservation is gone or too small, or when a limit has come that the reservation does not know.
 */
export const commitReservedFiles = (db: Database, files: readonly ReservedFile[]): Promise<FileRecord[]> =>
  insertFiles(
    db,
    COMMIT_RESERVED_FILES,
    files.map(({ file }) => file),
    files.map(({ file }) => file.bytes.storageKey),
    files.map(({ reservation }) => reservation),
  )

const COMMIT_RESERVED_FILES = `/* commit_reserved_files */ ${BEGIN}, roomy as (
    select input.storage_key, r.id
    from unnest($2::text[], $3::uuid[]) u (storage_key, reservation)
      join input on input.storage_key = u.storage_key
      join existing on existing.name = input.bucket
      join reservations r on r.id = u.reservation
    where r.bytes >= input.size and r.files = 1 and not exists (
      select from allowances a where a.subject in ('bucket:' || input.bucket, input.created_by) and a.id <> all(r.allowances)
    )
  ), fence as (
    delete from intents i where i.storage_key = any(array(select storage_key from roomy)) returning i.storage_key
  ), ended as (
    delete from reservations r where r.id = any(array(select id from roomy join fence using (storage_key)))
    returning r.id, r.allowances, r.bytes, r.files
  ), ${giveBack}, blob as (
    ${insertBlobsFrom('input join roomy using (storage_key) join fence using (storage_key) join ended on ended.id = roomy.id')}
    returning id as blob_id, storage_key
  )
  ${insertFilesFrom('input join blob using (storage_key)')}`

/** The ids of those files whose buckets have a blob of the same bytes already. */
export async function findDuplicates(db: Database, files: readonly NewFile[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select n.id from unnest(${files.map(({ id }) => id)}::text[], ${files.map(({ bucket }) => bucket)}::text[],
      ${files.map(({ bytes }) => bytes.sha256)}::bytea[], ${files.map(({ bytes }) => bytes.size)}::bigint[])
      as n (id, bucket, sha256, size)
    where exists (select from blobs b where b.bucket = n.bucket and b.sha256 = n.sha256 and b.size = n.size)
  `.execute(db)
  return new Set(rows.map(({ id }) => id))
}
