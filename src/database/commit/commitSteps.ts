import { CompiledQuery, sql } from 'kysely'
import type { NewBlob, NewFile } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'
import { insertBlobsFrom, insertFiles, insertFilesFrom, selectInput, toInput } from './newFile.ts'

/** Deletes the intent (the fence). False when the intent was reaped: the transaction must not commit. */
export async function takeIntent(trx: DatabaseTransaction, storageKey: string): Promise<boolean> {
  const taken = await trx
    .deleteFrom('intents')
    .where('storage_key', '=', storageKey)
    .returning('storage_key')
    .executeTakeFirst()
  return taken !== undefined
}

const INSERT_BLOB = `with input as (${selectInput}) ${insertBlobsFrom('input')}
  on conflict (bucket, sha256, size) do nothing returning id`

/** Inserts the blob of a new file, and returns the id of the blob. Undefined when the bucket has a blob of these bytes. */
export async function insertBlob(trx: DatabaseTransaction, file: NewFile): Promise<number | undefined> {
  const { rows } = await trx.executeQuery<{ id: number }>(CompiledQuery.raw(INSERT_BLOB, [toInput([file])]))
  return rows[0]?.id
}

/** A blob that has the same bytes as a new file. */
export interface KnownBlob {
  readonly id: number
  readonly storageKey: string
  readonly damaged: boolean
}

/** The blob of these bytes in the bucket; undefined when there is none. Inside a transaction, the row is locked as well. */
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

/** Lets a blob whose bytes were lost or damaged refer to the bytes that were just received. */
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
      verified_at: sql<string>`now()`,
    })
    .where('id', '=', blobId)
    .execute()
}

const INSERT_FILE = `with input as (${selectInput}) ${insertFilesFrom('(select *, $2::bigint as blob_id from input) f')}`

/** Inserts a file of a blob. The caller has inserted or locked the row of the blob in this transaction. */
export async function insertFile(
  trx: DatabaseTransaction,
  file: NewFile,
  blobId: number,
): Promise<FileRecord> {
  const [record] = await insertFiles(trx, INSERT_FILE, [file], blobId)
  if (!record) throw new Error(`The file ${file.id} was not inserted.`)
  return record
}
