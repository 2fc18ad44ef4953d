import { CompiledQuery, sql } from 'kysely'
import type { NewFile } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import type { Database } from '../schema.ts'
import { type CommittedRow, toCommittedFile } from './newFile.ts'

/**
 * Commits files whose bytes their buckets do not hold yet, all in one statement: the intent goes (the fence, U9), blob and
 * file come. Returns the files committed; those that are missing lost their intent, or have no bucket yet, and nothing
 * was done about them.
 * Throws SQLSTATE 23505 when a bucket holds the bytes of one of them already: nothing was done about any.
 */
export async function commitNewFiles(db: Database, files: readonly NewFile[]): Promise<FileRecord[]> {
  const { rows } = await db.executeQuery<CommittedRow & { id: string }>(
    CompiledQuery.raw(COMMIT_NEW_FILES, columnsOf(files)),
  )
  const byId = new Map(files.map((file) => [file.id, file]))
  return rows.flatMap((row) => {
    const file = byId.get(row.id)
    return file ? [toCommittedFile(file, row)] : []
  })
}

const COMMIT_NEW_FILES = `/* commit_new_files */
  with input as (
    select * from unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[],
      $7::uuid[], $8::text[], $9::text[], $10::text[], $11::json[], $12::float8[])
    as t (storage_key, size, sha256, sha1, md5, block_crc32, id, bucket, name, media_type, metadata, expires_in)
  ), place as (
    select name from buckets where name = any($8::text[]) for key share
  ), fence as (
    delete from intents i
    where i.storage_key = any(array(select storage_key from input join place on place.name = input.bucket))
    returning i.storage_key
  ), blob as (
    insert into blobs (bucket, sha256, sha1, md5, size, storage_key, block_crc32)
    select bucket, sha256, sha1, md5, size, storage_key, block_crc32 from input join fence using (storage_key)
    returning id as blob_id, storage_key
  )
  insert into files (id, bucket, name, media_type, size, blob_id, metadata, expires_at)
  select id, bucket, name, media_type, size, blob_id, metadata, now() + make_interval(secs => expires_in)
  from input join blob using (storage_key)
  returning id, created_at, expires_at`

function columnsOf(files: readonly NewFile[]): unknown[] {
  return [
    files.map((file) => file.bytes.storageKey),
    files.map((file) => file.bytes.size),
    files.map((file) => file.bytes.sha256),
    files.map((file) => file.bytes.sha1),
    files.map((file) => file.bytes.md5),
    files.map((file) => file.bytes.blockCrc32),
    files.map((file) => file.id),
    files.map((file) => file.bucket),
    files.map((file) => file.name),
    files.map((file) => file.mediaType),
    files.map((file) => JSON.stringify(file.metadata)),
    files.map((file) => file.expiresInSeconds ?? null),
  ]
}

/** The ids of those files whose bytes their buckets hold already. */
export async function findHeld(db: Database, files: readonly NewFile[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select n.id from unnest(${files.map(({ id }) => id)}::text[], ${files.map(({ bucket }) => bucket)}::text[],
      ${files.map(({ bytes }) => bytes.sha256)}::bytea[], ${files.map(({ bytes }) => bytes.size)}::bigint[])
      as n (id, bucket, sha256, size)
    where exists (select from blobs b where b.bucket = n.bucket and b.sha256 = n.sha256 and b.size = n.size)
  `.execute(db)
  return new Set(rows.map(({ id }) => id))
}
