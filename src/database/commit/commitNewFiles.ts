import { sql } from 'kysely'
import type { NewFile } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
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

const COMMIT_NEW_FILES = `/* commit_new_files */
  with input as (${selectInput}), existing as (
    select name from buckets where name = any(array(select bucket from input)) for key share
  ), fence as (
    delete from intents i
    where i.storage_key = any(array(select storage_key from input join existing on existing.name = input.bucket))
    returning i.storage_key
  ), blob as (
    ${insertBlobsFrom('input join fence using (storage_key)')}
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
