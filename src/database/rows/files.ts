import { CompiledQuery } from 'kysely'
import type { StorageKey } from '../../model/blob.ts'
import type { FileRecord, FileReference } from '../../model/file.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'
import { isLive, isLiveInIndex } from './live.ts'

/** The SQL expression of each field of a file's record: `f` is files, `b` is blobs. */
const sources: Readonly<Record<keyof FileRecord, string>> = {
  id: 'f.id',
  bucket: 'f.bucket',
  name: 'f.name',
  named: 'f.named',
  mediaType: 'f.media_type',
  size: 'f.size',
  hash: "encode(b.sha256, 'hex')",
  sha1: "encode(b.sha1, 'hex')",
  md5: "encode(b.md5, 'hex')",
  metadata: 'f.metadata::text',
  version: 'f.version',
  createdAt: 'f.created_at',
  updatedAt: 'f.updated_at',
  storedAt: 'f.stored_at',
  expiresAt: 'f.expires_at',
  deletedAt: 'f.deleted_at',
}

const toColumns = (expressions: Readonly<Record<string, string>>) =>
  Object.entries(expressions)
    .map(([field, expression]) => `${expression} as "${field}"`)
    .join(', ')

/** SQL that selects a whole record, one column for each field. */
export const fileColumns = toColumns(sources)

/** The same columns, with this SQL expression for the metadata. */
export const columnsWithMetadata = (metadata: string) => toColumns({ ...sources, metadata })

type ReferenceKind = FileReference['kind']

/** The values for the parameters $1 and $2 of `fromLive`. */
export const parametersOf = ({ kind, value, bucket }: FileReference) =>
  kind === 'id' ? [value] : [value, bucket]

/** SQL with the FROM and WHERE clauses for the live files that a reference of this kind names. */
export const fromLive = (kind: ReferenceKind) =>
  `from files f join blobs b on b.id = f.blob_id where ${
    kind === 'id' ? 'f.id = $1::uuid' : `b.${kind} = decode($1, 'hex') and b.bucket = $2`
  } and ${isLive}`

const newestFirst = 'order by f.created_at desc, f.id desc'

/** For each kind of reference, the statement of this name that selects these columns of the newest live file that it names. */
export function findStatements(name: string, columns: string): Readonly<Record<ReferenceKind, string>> {
  const byDigest = (kind: ReferenceKind) =>
    `/* ${name}_by_${kind} */ select ${columns} ${fromLive(kind)} ${newestFirst} limit 1`
  return {
    id: `/* ${name}_by_id */ select ${columns} ${fromLive('id')}`, // PostgreSQL would sort even a single row
    sha256: byDigest('sha256'),
    sha1: byDigest('sha1'),
    md5: byDigest('md5'),
  }
}

const findRecord = findStatements('find_file', fileColumns)

/** The newest live file that the reference names; undefined when there is none. */
export async function findFileRecord(
  db: Database,
  reference: FileReference,
): Promise<FileRecord | undefined> {
  const query = CompiledQuery.raw(findRecord[reference.kind], parametersOf(reference))
  const { rows } = await db.executeQuery<FileRecord>(query)
  return rows[0]
}

/** The ids of at most `atMost` live files that the reference names, newest first. */
export async function listFileIds(db: Database, reference: FileReference, atMost: number): Promise<string[]> {
  const statement = `select f.id ${fromLive(reference.kind)} ${newestFirst} limit ${atMost}`
  const { rows } = await db.executeQuery<{ id: string }>(
    CompiledQuery.raw(statement, parametersOf(reference)),
  )
  return rows.map((row) => row.id)
}

/** The newest live file of this blob; undefined when there is none. The caller holds the lock of the blob's row. */
export const findLiveFileOfBlob = (trx: DatabaseTransaction, blobId: number) =>
  findNewest(trx, 'f.blob_id = $1', blobId)

/** The newest live file whose bytes are under this storage key; undefined when there is none. */
export const findLiveFileOfBytes = (db: Database, storageKey: StorageKey) =>
  findNewest(db, 'b.storage_key = $1', storageKey)

async function findNewest(
  db: Database | DatabaseTransaction,
  condition: string,
  parameter: string | number,
): Promise<FileRecord | undefined> {
  const statement = `select ${fileColumns} from files f join blobs b on b.id = f.blob_id
    where ${condition} and ${isLive} ${newestFirst} limit 1`
  const { rows } = await db.executeQuery<FileRecord>(CompiledQuery.raw(statement, [parameter]))
  return rows[0]
}

/** The ids of at most `atMost` live files of this name in the bucket, in no order. */
export async function listNamesakes(
  db: Database,
  bucket: string,
  name: string,
  atMost: number,
): Promise<string[]> {
  const statement = `select f.id from files f
    where f.bucket = $1 and f.name collate "C" = $2 and ${isLiveInIndex} limit ${atMost}`
  const { rows } = await db.executeQuery<{ id: string }>(CompiledQuery.raw(statement, [bucket, name]))
  return rows.map(({ id }) => id)
}
