import { CompiledQuery } from 'kysely'
import type { NewFile } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import { momentAfter } from '../rows/inSeconds.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'

/** A column of a new row: its name and type in PostgreSQL, and the value in JSON. */
type NewColumn = readonly [name: string, type: string, value: (file: NewFile) => unknown]

const hex = (bytes: Buffer) => `\\x${bytes.toString('hex')}`

/** The columns of both tables. */
const sharedColumns: Readonly<Record<'bucket' | 'size', NewColumn>> = {
  bucket: ['bucket', 'text', ({ bucket }) => bucket],
  size: ['size', 'bigint', ({ bytes }) => bytes.size],
}

const blobColumns: Readonly<Record<string, NewColumn>> = {
  ...sharedColumns,
  sha256: ['sha256', 'bytea', ({ bytes }) => hex(bytes.sha256)],
  sha1: ['sha1', 'bytea', ({ bytes }) => hex(bytes.sha1)],
  md5: ['md5', 'bytea', ({ bytes }) => hex(bytes.md5)],
  storageKey: ['storage_key', 'text', ({ bytes }) => bytes.storageKey],
  blockCrc32: ['block_crc32', 'bytea', ({ bytes }) => hex(bytes.blockCrc32)],
}

/** By the fields of a new file: the compiler misses a column that is missing here. */
const fileColumns: Readonly<
  Record<Exclude<keyof NewFile, 'bytes' | 'expiresInSeconds'> | 'size', NewColumn>
> = {
  ...sharedColumns,
  id: ['id', 'uuid', ({ id }) => id],
  name: ['name', 'text', ({ name }) => name],
  named: ['named', 'boolean', ({ named }) => named],
  mediaType: ['media_type', 'text', ({ mediaType }) => mediaType],
  owner: ['owner', 'text', ({ owner }) => owner],
  metadata: ['metadata', 'json', ({ metadata }) => metadata],
  createdBy: ['created_by', 'text', ({ createdBy }) => createdBy],
}

const inputColumns = Object.values<NewColumn>({
  ...blobColumns,
  ...fileColumns,
  expiresIn: ['expires_in', 'float8', ({ expiresInSeconds }) => expiresInSeconds ?? null],
})

const namesOf = (columns: Readonly<Record<string, NewColumn>>) =>
  Object.values(columns)
    .map(([name]) => name)
    .join(', ')
const inputTypes = inputColumns.map(([name, type]) => `${name} ${type}`)

/**
 * Selects the new files, one row for each file with its blob, from the parameter $1. The type is json, not jsonb, which would
 * change the text of the metadata. (A commit of eight files takes 8 % less CPU than with one array for each column.)
 */
export const selectInput = `select * from json_to_recordset($1::json) as t (${inputTypes.join(', ')})`

/** SQL that inserts the blobs of rows of `selectInput`. */
export const insertBlobsFrom = (rows: string) =>
  `insert into blobs (${namesOf(blobColumns)}) select ${namesOf(blobColumns)} from ${rows}`

/** SQL that inserts the files of rows of `selectInput` with a `blob_id`. A statement for `insertFiles` ends with it. */
export const insertFilesFrom = (rows: string) =>
  `insert into files (${namesOf(fileColumns)}, blob_id, expires_at)
  select ${namesOf(fileColumns)}, blob_id, ${momentAfter('expires_in')} from ${rows}
  returning id, created_at as at, expires_at as "expiresAt"`

/** The value for the parameter $1 of `selectInput`. */
export const toInput = (files: readonly NewFile[]): string => JSON.stringify(files.map(toRow))

function toRow(file: NewFile): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const [name, , value] of inputColumns) row[name] = value(file)
  return row
}

/**
 * Sends a statement that ends with `insertFilesFrom`; `parameters` begin with $2. Returns the records of the inserted files,
 * in no order.
 */
export async function insertFiles(
  db: Database | DatabaseTransaction,
  statement: string,
  files: readonly NewFile[],
  ...parameters: readonly unknown[]
): Promise<FileRecord[]> {
  const { rows } = await db.executeQuery<InsertedRow>(
    CompiledQuery.raw(statement, [toInput(files), ...parameters]),
  )
  const byId = new Map(files.map((file) => [file.id, file]))
  return rows.flatMap((row) => {
    const file = byId.get(row.id)
    return file ? [toFileRecord(file, row)] : []
  })
}

/** The values that the database adds to a new file. */
interface InsertedRow {
  readonly id: string
  readonly at: string
  readonly expiresAt: string | null
}

const toFileRecord = (
  { bytes, expiresInSeconds: _, metadata, ...file }: NewFile,
  { at, expiresAt }: InsertedRow,
): FileRecord => ({
  ...file,
  metadata: JSON.stringify(metadata),
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
})
