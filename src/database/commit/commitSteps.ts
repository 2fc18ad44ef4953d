import { sql } from 'kysely'
import type { NewBlob, NewFile } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'
import { toCommittedFile } from './newFile.ts'

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

/**
 * Clears a name for a file that will have it to itself: whoever else wants it waits until the transaction ends, and the file
 * that has it is deleted. (The unique index would keep two from having it, but let the second fail.)
 */
export async function clearName(
  trx: DatabaseTransaction,
  { bucket, name }: Pick<NewFile, 'bucket' | 'name'>,
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${bucket}/${name}`}, 0))`.execute(trx)
  await sql`
    update files set deleted_at = now(), updated_at = now(), version = version + 1
    where bucket = ${bucket} and name = ${name} and named and deleted_at is null
  `.execute(trx)
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
      named: file.named,
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
