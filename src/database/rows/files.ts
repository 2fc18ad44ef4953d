import { CompiledQuery, type RawBuilder, sql, type Updateable } from 'kysely'
import type { StorageKey } from '../../model/blob.ts'
import type { FileChanges, FileRecord, FileReference, FileVersion } from '../../model/file.ts'
import type { Database, DatabaseTransaction, Schema } from '../schema.ts'
import { type FileRow, fileColumns, isLive, toFileRecord } from './fileRecord.ts'

const condition = ({ kind }: FileReference) =>
  kind === 'id' ? 'f.id = $1::uuid' : `b.${kind} = decode($1, 'hex') and b.bucket = $2`

/** What the placeholders of `fromLive` stand for. */
export const parametersOf = ({ kind, value, bucket }: FileReference) =>
  kind === 'id' ? [value] : [value, bucket]

/** Where the live files are that a reference names. */
export const fromLive = (reference: FileReference) =>
  `from files f join blobs b on b.id = f.blob_id where ${condition(reference)} and ${isLive}`

/** The newest live file that the reference names. */
export async function findFileRecord(
  db: Database,
  reference: FileReference,
): Promise<FileRecord | undefined> {
  const statement = `/* find_file_by_${reference.kind} */ select ${fileColumns} ${fromLive(reference)} order by f.created_at desc, f.id desc limit 1`
  const { rows } = await db.executeQuery<FileRow>(CompiledQuery.raw(statement, parametersOf(reference)))
  return rows[0] && toFileRecord(rows[0])
}

/** The ids of the live files that the reference names, newest first. */
export async function listFileIds(db: Database, reference: FileReference, atMost: number): Promise<string[]> {
  const statement = `select f.id ${fromLive(reference)} order by f.created_at desc, f.id desc limit ${atMost}`
  const { rows } = await db.executeQuery<{ id: string }>(
    CompiledQuery.raw(statement, parametersOf(reference)),
  )
  return rows.map((row) => row.id)
}

/** A live file of this blob, the newest. Meant for a caller that holds the blob row's lock. */
export const findLiveFileOfBlob = (trx: DatabaseTransaction, blobId: number) =>
  findNewest(trx, 'f.blob_id = $1', blobId)

/** A live file whose bytes are under this storage key, the newest. */
export const findLiveFileOfBytes = (db: Database, storageKey: StorageKey) =>
  findNewest(db, 'b.storage_key = $1', storageKey)

async function findNewest(
  db: Database | DatabaseTransaction,
  condition: string,
  parameter: string | number,
): Promise<FileRecord | undefined> {
  const statement = `select ${fileColumns} from files f join blobs b on b.id = f.blob_id
    where ${condition} and ${isLive} order by f.created_at desc, f.id desc limit 1`
  const { rows } = await db.executeQuery<FileRow>(CompiledQuery.raw(statement, [parameter]))
  return rows[0] && toFileRecord(rows[0])
}

/** Changes a live file. Undefined when it is gone or at another version. */
export const updateFileRecord = (
  db: Database,
  state: FileVersion,
  { name, mediaType, metadata, expiresAt }: FileChanges,
): Promise<FileRecord | undefined> =>
  setColumns(db, state, {
    ...(name !== undefined && { name }),
    ...(mediaType !== undefined && { media_type: mediaType }),
    ...(metadata !== undefined && { metadata: JSON.stringify(metadata) }),
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
  })

/** Marks a live file as deleted. Undefined when it is gone or at another version. */
export const markFileDeleted = (db: Database, state: FileVersion): Promise<FileRecord | undefined> =>
  setColumns(db, state, { deleted_at: sql<Date>`now()` })

type ChangedColumns = Omit<Updateable<Schema['files']>, 'deleted_at'> & {
  readonly deleted_at?: RawBuilder<Date>
}

async function setColumns(
  db: Database,
  { id, version }: FileVersion,
  columns: ChangedColumns,
): Promise<FileRecord | undefined> {
  const update = db
    .updateTable('files as f')
    .set({ ...columns, version: sql<number>`f.version + 1`, updated_at: sql<Date>`now()` })
    .where('f.id', '=', id)
    .where(sql<boolean>`${sql.raw(isLive)} and f.version = coalesce(${version}, f.version)`)
    .returningAll('f')
  // One statement: between two of them the next change could come, and be shown as this one.
  const { rows } = await sql<FileRow>`
    with f as (${update}) select ${sql.raw(fileColumns)} from f join blobs b on b.id = f.blob_id
  `.execute(db)
  return rows[0] && toFileRecord(rows[0])
}

/** Marks the live file as deleted that has this name to itself. False when there is none. */
export async function markNamedDeleted(db: Database, bucket: string, name: string): Promise<boolean> {
  const { rows } = await sql`
    update files set deleted_at = now(), updated_at = now(), version = version + 1
    where bucket = ${bucket} and name = ${name} and named and deleted_at is null
      and (expires_at is null or expires_at > now())
    returning id
  `.execute(db)
  return rows.length > 0
}

/** The ids of the live files that are called so, at most so many. */
export async function listNamesakes(
  db: Database,
  bucket: string,
  name: string,
  atMost: number,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from files where bucket = ${bucket} and name collate "C" = ${name} and deleted_at is null
      and (expires_at is null or expires_at > now()) limit ${atMost}
  `.execute(db)
  return rows.map(({ id }) => id)
}

/** Marks files as deleted whose life is over. Returns how many. */
export async function markExpiredFiles(db: Database, atMost: number): Promise<number> {
  const isOver = sql<boolean>`deleted_at is null and expires_at <= now()`
  const { numUpdatedRows } = await db
    .updateTable('files')
    .set({ deleted_at: sql<Date>`now()`, updated_at: sql<Date>`now()`, version: sql<number>`version + 1` })
    .where('id', 'in', (over) => over.selectFrom('files').select('id').where(isOver).limit(atMost))
    .where(isOver) // still, of one that was being changed
    .executeTakeFirst()
  return Number(numUpdatedRows)
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
        select id from files where deleted_at <= now() - make_interval(secs => ${retentionSeconds}) limit ${atMost}
      ) returning id, blob_id
    ), finished as (
      delete from uploads where id in (select id from old)
    )
    select blob_id from old
  `.execute(db)
  return rows.map((row) => row.blob_id)
}
