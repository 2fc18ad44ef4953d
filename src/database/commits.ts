import { CompiledQuery, sql } from 'kysely'
import type { FileRecord } from './fileRecord.ts'
import type { Database, DatabaseTransaction } from './schema.ts'

/** A file about to be committed, and the received bytes it will refer to. */
export interface NewFile {
  readonly id: string
  readonly bucket: string
  readonly name: string
  readonly mediaType: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** Counted on the database's clock, which also says when the file is over. */
  readonly expiresInSeconds: number | undefined
  readonly bytes: NewBlob
}

export interface NewBlob {
  readonly storageKey: string
  readonly size: number
  readonly sha256: Buffer
  readonly sha1: Buffer
  readonly md5: Buffer
  readonly blockCrc32: Buffer
}

/**
 * Commits files whose bytes their buckets do not hold yet, all in one statement: the intent goes (the fence, U9), blob and
 * file come. Returns the files committed; those that are missing lost their intent, and nothing was done about them.
 * Throws SQLSTATE 23505 when a bucket holds the bytes of one of them already: nothing was done about any.
 */
export async function commitNewFiles(db: Database, files: readonly NewFile[]): Promise<FileRecord[]> {
  const { rows } = await db.executeQuery<CommittedRow>(CompiledQuery.raw(COMMIT_NEW_FILES, columnsOf(files)))
  const byId = new Map(files.map((file) => [file.id, file]))
  return rows.flatMap((row) => {
    const file = byId.get(row.id)
    return file ? [toCommittedFile(file, row)] : []
  })
}

interface CommittedRow {
  id: string
  created_at: Date
  expires_at: Date | null
}

const COMMIT_NEW_FILES = `/* commit_new_files */
  with input as (
    select * from unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[],
      $7::uuid[], $8::text[], $9::text[], $10::text[], $11::json[], $12::float8[])
    as t (storage_key, size, sha256, sha1, md5, block_crc32, id, bucket, name, media_type, metadata, expires_in)
  ), fence as (
    delete from intents i where i.storage_key = any($1::text[])
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

function toCommittedFile(
  { bytes, expiresInSeconds: _, ...file }: NewFile,
  { created_at: at, expires_at: expiresAt }: Omit<CommittedRow, 'id'>,
): FileRecord {
  return {
    ...file,
    size: bytes.size,
    hash: bytes.sha256.toString('hex'),
    sha1: bytes.sha1.toString('hex'),
    md5: bytes.md5.toString('hex'),
    version: 1,
    expiresAt,
    createdAt: at,
    updatedAt: at,
    storedAt: at,
    deletedAt: null,
  }
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

/** Takes the intent away inside a transaction (the fence). False when it was reaped: the transaction must not commit. */
export async function takeIntent(trx: DatabaseTransaction, storageKey: string): Promise<boolean> {
  const taken = await trx
    .deleteFrom('intents')
    .where('storage_key', '=', storageKey)
    .returning('storage_key')
    .executeTakeFirst()
  return taken !== undefined
}

/** Inserts a blob. Undefined when the bucket holds these bytes already. */
export async function insertBlob(
  trx: DatabaseTransaction,
  bucket: string,
  bytes: NewBlob,
): Promise<number | undefined> {
  const row = await trx
    .insertInto('blobs')
    .values({
      bucket,
      sha256: bytes.sha256,
      sha1: bytes.sha1,
      md5: bytes.md5,
      size: bytes.size,
      storage_key: bytes.storageKey,
      block_crc32: bytes.blockCrc32,
    })
    .onConflict((conflict) => conflict.columns(['bucket', 'sha256', 'size']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

export interface KnownBlob {
  readonly id: number
  readonly storageKey: string
  readonly damaged: boolean
}

/** The blob of these bytes in the bucket, if there is one; locked against everyone else when asked within a transaction. */
export async function findBlob(
  db: Database | DatabaseTransaction,
  bucket: string,
  { sha256, size }: Pick<NewBlob, 'sha256' | 'size'>,
): Promise<KnownBlob | undefined> {
  const row = await db
    .selectFrom('blobs')
    .select(['id', 'storage_key', 'damaged_at'])
    .where('bucket', '=', bucket)
    .where('sha256', '=', sha256)
    .where('size', '=', size)
    .$if(db.isTransaction, (query) => query.forUpdate())
    .executeTakeFirst()
  return row && { id: row.id, storageKey: row.storage_key, damaged: row.damaged_at !== null }
}

/** Gives a blob whose bytes were lost or damaged the ones that were just received. */
export async function replaceBlobBytes(
  trx: DatabaseTransaction,
  blobId: number,
  bytes: NewBlob,
): Promise<void> {
  await trx
    .updateTable('blobs')
    .set({
      storage_key: bytes.storageKey,
      block_crc32: bytes.blockCrc32,
      damaged_at: null,
      verified_at: sql<Date>`now()`,
    })
    .where('id', '=', blobId)
    .execute()
}

/** Inserts a file that refers to a blob which the caller inserted or has locked. */
export async function insertFile(
  trx: DatabaseTransaction,
  file: NewFile,
  blobId: number,
): Promise<FileRecord> {
  const row = await trx
    .insertInto('files')
    .values({
      id: file.id,
      bucket: file.bucket,
      name: file.name,
      media_type: file.mediaType,
      size: file.bytes.size,
      blob_id: blobId,
      metadata: JSON.stringify(file.metadata),
      expires_at: sql<Date | null>`now() + make_interval(secs => ${file.expiresInSeconds ?? null})`,
    })
    .returning(['created_at', 'expires_at'])
    .executeTakeFirstOrThrow()
  return toCommittedFile(file, row)
}
