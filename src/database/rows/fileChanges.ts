import { sql, type Updateable } from 'kysely'
import type {
  FileCondition,
  FileRecord,
  FileVersion,
  NameCondition,
  SignedChanges,
} from '../../model/file.ts'
import type { Database, DatabaseTransaction, Schema } from '../schema.ts'
import { endFiles, expired } from './fileEnds.ts'
import { fileColumns } from './files.ts'
import { isExpired, isLive, isLiveInIndex } from './live.ts'

const atVersion = ({ id, version }: FileVersion) =>
  sql<boolean>`f.id = ${id}::uuid and ${sql.raw(isLive)} and f.version = coalesce(${version}, f.version)`

/** Changes a live file, and returns the file. Undefined when the file is gone or at another version. */
export async function updateFileRecord(
  db: Database | DatabaseTransaction,
  version: FileVersion,
  { name, mediaType, metadata, expiresAt, owner, changedBy }: SignedChanges,
): Promise<FileRecord | undefined> {
  const columns: Updateable<Schema['files']> = {
    ...(name !== undefined && { name }),
    ...(mediaType !== undefined && { media_type: mediaType }),
    ...(metadata !== undefined && { metadata: JSON.stringify(metadata) }),
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
    ...(owner !== undefined && { owner }),
    changed_by: changedBy,
  }
  const update = db
    .updateTable('files as f')
    .set({ ...columns, version: sql<number>`f.version + 1`, updated_at: sql<string>`now()` })
    .where(atVersion(version))
    .returningAll('f')
  // One statement: with two, the second could read the result of another change in between.
  const { rows } = await sql<FileRecord>`
    with f as (${update}) select ${sql.raw(fileColumns)} from f join blobs b on b.id = f.blob_id
  `.execute(db)
  return rows[0]
}

/**
 * As `updateFileRecord`, for a file that has its name to itself and gets another one: an expired file loses that name. Throws a
 * duplicate (`isDuplicate`) when a live file has the name to itself.
 */
export const renameNamedRecord = (
  db: Database,
  version: FileVersion,
  bucket: string,
  changes: SignedChanges & { readonly name: string },
): Promise<FileRecord | undefined> =>
  db.transaction().execute(async (trx) => {
    const { name } = changes
    await lockName(trx, bucket, name)
    await endFiles(trx, sql`${hasName(bucket, name)} and ${sql.raw(isExpired)}`, expired, 'f.id')
    return await updateFileRecord(trx, version, changes)
  })

/** Marks a live file as deleted, and returns the file. Undefined when the file is gone or at another version. */
export async function deleteFileRecord(
  db: Database | DatabaseTransaction,
  version: FileVersion,
  by: string | null,
): Promise<FileRecord | undefined> {
  const [file] = await endFiles<FileRecord>(db, atVersion(version), { reason: 'deleted', by }, fileColumns)
  return file
}

/**
 * Marks the live file as deleted that has this name to itself, and returns the file; undefined when there is none. Files that
 * are put under the name meanwhile wait, so that a deletion among many of them needs no second attempt. Throws what the
 * condition throws.
 */
export const deleteNamedRecord = (
  db: Database,
  { bucket, name }: Pick<FileRecord, 'bucket' | 'name'>,
  { condition, by }: { readonly condition: FileCondition | undefined; readonly by: string | null },
): Promise<FileRecord | undefined> =>
  db.transaction().execute(async (trx) => {
    await lockName(trx, bucket, name)
    const file = await lockFileOfName(trx, bucket, name)
    if (!file) return undefined
    condition?.(file)
    return await deleteFileRecord(trx, { id: file.id, version: file.version }, by)
  })

/**
 * Clears a name for a file that will have the name to itself: marks the file as deleted that has the name to itself now. Throws
 * what the condition throws.
 */
export async function clearName(
  trx: DatabaseTransaction,
  { bucket, name, createdBy: by }: Pick<FileRecord, 'bucket' | 'name' | 'createdBy'>,
  condition: NameCondition | undefined,
): Promise<void> {
  await lockName(trx, bucket, name)
  if (condition) condition(await lockFileOfName(trx, bucket, name))
  // An expired file keeps its name until it is marked as deleted, so the rule for live files does not fit.
  await endFiles(
    trx,
    sql`${hasName(bucket, name)} and f.deleted_at is null`,
    { reason: 'replaced', by },
    'f.id',
  )
}

/** Locks the live file that has this name to itself, and returns the file; undefined when there is none. */
async function lockFileOfName(
  trx: DatabaseTransaction,
  bucket: string,
  name: string,
): Promise<FileRecord | undefined> {
  const { rows } = await sql<FileRecord>`
    select ${sql.raw(fileColumns)} from files f join blobs b on b.id = f.blob_id
    where ${hasName(bucket, name)} and ${sql.raw(isLiveInIndex)} for update of f
  `.execute(trx)
  return rows[0]
}

const hasName = (bucket: string, name: string) => sql`f.bucket = ${bucket} and f.name = ${name} and f.named`

/**
 * Lets other transactions that clear the same name wait until this one ends. Without the wait, the unique index would make the
 * second transaction fail.
 */
async function lockName(trx: DatabaseTransaction, bucket: string, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${bucket}/${name}`}, 0))`.execute(trx)
}
