import { sql } from 'kysely'
import { type Limits, type Subject, subjectText } from '../../model/allowance.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'

/**
 * Sets the given limits of a subject. A subject that had none gets an allowance that counts from now on; `countFiles` adds the
 * files that are there. The allowance goes when no limit is left. The caller has locked what the subject is.
 */
export async function setLimits(
  trx: DatabaseTransaction,
  subject: Subject,
  limits: Partial<Limits>,
): Promise<void> {
  const text = subjectText(subject)
  const current = await trx
    .selectFrom('allowances')
    .select(['max_bytes as maxBytes', 'max_files as maxFiles'])
    .where('subject', '=', text)
    .executeTakeFirst()
  const { maxBytes, maxFiles } = { maxBytes: null, maxFiles: null, ...current, ...limits }
  if (maxBytes === null && maxFiles === null) return await deleteAllowance(trx, subject)
  const columns = { max_bytes: maxBytes, max_files: maxFiles }
  await trx
    .insertInto('allowances')
    .values({ subject: text, ...columns })
    .onConflict((conflict) => conflict.column('subject').doUpdateSet(columns))
    .execute()
}

/** Deletes the allowance of a subject that has no limits any more, or is gone itself. */
export async function deleteAllowance(trx: DatabaseTransaction, subject: Subject): Promise<void> {
  await trx.deleteFrom('allowances').where('subject', '=', subjectText(subject)).execute()
}

/** The ids of allowances that count only files that came after them. */
export async function listUncounted(db: Database): Promise<number[]> {
  const rows = await db
    .selectFrom('allowances')
    .select('id')
    .where('ready', '=', false)
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}

/** The id of the allowance of a subject, if it counts only files that came after it; else undefined. */
export async function findUncounted(db: Database, subject: Subject): Promise<number | undefined> {
  const row = await db
    .selectFrom('allowances')
    .select('id')
    .where('subject', '=', subjectText(subject))
    .where('ready', '=', false)
    .executeTakeFirst()
  return row?.id
}

/** A number that every later transaction exceeds, and none of those that are running now. */
export async function newestTransaction(db: Database): Promise<string> {
  const { rows } = await sql<{ number: string }>`select pg_current_xact_id()::text as number`.execute(db)
  return rows[0]?.number ?? ''
}

/** Whether all transactions before this one (`newestTransaction`) have ended. */
export async function haveEnded(db: Database, number: string): Promise<boolean> {
  const { rows } = await sql<{ ended: boolean }>`
    select pg_snapshot_xmin(pg_current_snapshot()) >= ${number}::xid8 as ended
  `.execute(db)
  return rows[0]?.ended ?? false
}

/** An allowance whose numbers differ from what they count. */
export interface Drift {
  readonly id: number
  /** As `bucket:photos`. */
  readonly subject: string
  /** What is there, less what the allowance says: bytes and files, deleted bytes, reserved bytes and files. */
  readonly bytes: number
  readonly files: number
  readonly deletedBytes: number
  readonly reservedBytes: number
  readonly reservedFiles: number
}

/**
 * SQL for what the numbers of an allowance lack. Files, reservations and the allowance are read in one snapshot, so the result is
 * right whatever runs meanwhile.
 */
const drift = (id: number) => sql`
  select a.id, a.subject, live.bytes - a.used_bytes as bytes, live.files - a.used_files as files,
    deleted.bytes - a.deleted_bytes as "deletedBytes",
    reserved.bytes - a.reserved_bytes as "reservedBytes", reserved.files - a.reserved_files as "reservedFiles"
  from allowances a,
    lateral (
      select coalesce(sum(size), 0)::bigint as bytes, count(*) as files from files
      where bucket = substr(a.subject, length('bucket:') + 1) and deleted_at is null
    ) live,
    lateral (
      select coalesce(sum(size), 0)::bigint as bytes from files
      where bucket = substr(a.subject, length('bucket:') + 1) and deleted_at is not null
    ) deleted,
    lateral (
      select coalesce(sum(bytes), 0)::bigint as bytes, coalesce(sum(files), 0)::bigint as files from reservations
      where a.id = any(allowances)
    ) reserved
  where a.id = ${id}
`

/** What the numbers of an allowance lack; undefined for one that is right, that is not counted yet, or is gone. */
export async function findDrift(db: Database, id: number): Promise<Drift | undefined> {
  const { rows } = await sql<Drift>`
    select d.* from (${drift(id)}) d join allowances a on a.id = d.id and a.ready
    where (d.bytes, d.files, d."deletedBytes", d."reservedBytes", d."reservedFiles") <> (0, 0, 0, 0, 0)
  `.execute(db)
  return rows[0]
}

/**
 * Adds to the numbers of an allowance what they lack. Changes of files and reservations that the snapshot of the sums does not
 * have are counted by their own statements, before or after this one.
 */
export async function mendAllowance(db: Database, id: number): Promise<void> {
  await sql`
    with d as materialized (${drift(id)})
    update allowances a set used_bytes = used_bytes + d.bytes, used_files = used_files + d.files,
      deleted_bytes = deleted_bytes + d."deletedBytes", reserved_bytes = reserved_bytes + d."reservedBytes",
      reserved_files = reserved_files + d."reservedFiles", ready = true
    from d where a.id = d.id
  `.execute(db)
}

/** The ids of all allowances. */
export async function listAllowances(db: Database): Promise<number[]> {
  const rows = await db.selectFrom('allowances').select('id').orderBy('id').execute()
  return rows.map(({ id }) => id)
}
