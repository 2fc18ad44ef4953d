import { CompiledQuery } from 'kysely'
import type { Reach } from '../../model/actor.ts'
import type { StorageKey } from '../../model/blob.ts'
import type { FileRecord, FileReference } from '../../model/file.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'
import { isLive, isLiveInIndex } from './live.ts'
import { withinReach } from './reach.ts'

/** The SQL expression of each field of a file's record: `f` is files, `b` is blobs. */
const sources: Readonly<Record<keyof FileRecord, string>> = {
  id: 'f.id',
  bucket: 'f.bucket',
  name: 'f.name',
  named: 'f.named',
  mediaType: 'f.media_type',
  owner: 'f.owner',
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
  createdBy: 'f.created_by',
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

/** The statement of this name that selects these columns of the newest live file that a reference names, within a reach. */
export function findNewestNamed(
  { name, columns }: { readonly name: string; readonly columns: string },
  reference: FileReference,
  reach: Reach,
): CompiledQuery {
  const { kind } = reference
  const parameters = parametersOf(reference)
  const within = withinReach(reach, parameters.length + 1)
  // PostgreSQL would sort even the single row of an id.
  const order = kind === 'id' ? '' : ` ${newestFirst} limit 1`
  return CompiledQuery.raw(
    `/* ${name}_by_${kind}${within.suffix} */ select ${columns} ${fromLive(kind)}${within.condition}${order}`,
    [...parameters, ...within.parameters],
  )
}

/** The newest live file within the reach that the reference names; undefined when there is none. */
export async function findFileRecord(
  db: Database,
  reference: FileReference,
  reach: Reach,
): Promise<FileRecord | undefined> {
  const query = findNewestNamed({ name: 'find_file', columns: fileColumns }, reference, reach)
  const { rows } = await db.executeQuery<FileRecord>(query)
  return rows[0]
}

/** The ids of at most `atMost` live files within the reach that the reference names, newest first. */
export async function listFileIds(
  db: Database,
  reference: FileReference,
  { reach, atMost }: { readonly reach: Reach; readonly atMost: number },
): Promise<string[]> {
  const parameters = parametersOf(reference)
  const within = withinReach(reach, parameters.length + 1)
  const statement = `select f.id ${fromLive(reference.kind)}${within.condition} ${newestFirst} limit ${atMost}`
  const { rows } = await db.executeQuery<{ id: string }>(
    CompiledQuery.raw(statement, [...parameters, ...within.parameters]),
  )
  return rows.map((row) => row.id)
}

/** The newest live file of this blob within the reach; undefined when there is none. The caller has locked the blob's row. */
export const findLiveFileOfBlob = (trx: DatabaseTransaction, blobId: number, reach: Reach) =>
  findNewest(trx, { condition: 'f.blob_id = $1', parameter: blobId }, reach)

/** The newest live file within the reach whose bytes are under this storage key; undefined when there is none. */
export const findLiveFileOfBytes = (db: Database, storageKey: StorageKey, reach: Reach) =>
  findNewest(db, { condition: 'b.storage_key = $1', parameter: storageKey }, reach)

async function findNewest(
  db: Database | DatabaseTransaction,
  { condition, parameter }: { readonly condition: string; readonly parameter: string | number },
  reach: Reach,
): Promise<FileRecord | undefined> {
  const within = withinReach(reach, 2)
  const statement = `select ${fileColumns} from files f join blobs b on b.id = f.blob_id
    where ${condition} and ${isLive}${within.condition} ${newestFirst} limit 1`
  const { rows } = await db.executeQuery<FileRecord>(
    CompiledQuery.raw(statement, [parameter, ...within.parameters]),
  )
  return rows[0]
}

/** The ids of at most `atMost` live files within the reach of this name in the bucket, in no order. */
export async function listNamesakes(
  db: Database,
  { bucket, name }: Pick<FileRecord, 'bucket' | 'name'>,
  { reach, atMost }: { readonly reach: Reach; readonly atMost: number },
): Promise<string[]> {
  const within = withinReach(reach, 3)
  const statement = `select f.id from files f
    where f.bucket = $1 and f.name collate "C" = $2 and ${isLiveInIndex}${within.condition} limit ${atMost}`
  const { rows } = await db.executeQuery<{ id: string }>(
    CompiledQuery.raw(statement, [bucket, name, ...within.parameters]),
  )
  return rows.map(({ id }) => id)
}
