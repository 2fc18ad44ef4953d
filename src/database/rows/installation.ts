import { sql } from 'kysely'
import type { Database } from '../schema.ts'

/**
 * Waits until all commits that any session could see so far are durable: commits a small change, and every earlier commit is
 * then on the disk, and on the standby if commits wait for one. Without this wait, a primary that was killed and restarted can
 * show commits that its standby does not have yet, and that a failover would lose. Throws what the database throws.
 */
export async function makeCommitsDurable(db: Database): Promise<void> {
  await sql`update installation set storage_id = storage_id`.execute(db)
}

/** Whether the database has a blob or a key in the trash. */
export async function knowsBytes(db: Database): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from blobs) or exists (select from trash) as found`.execute(db)
  return rows[0]?.found ?? false
}

/** The settings of PostgreSQL that decide whether a confirmed commit can be lost, and the version, as pg_settings has them. */
export async function readDurabilitySettings(db: Database): Promise<Readonly<Record<string, string>>> {
  const { rows } = await sql<{ name: string; setting: string }>`
    select name, setting from pg_settings
    where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names', 'server_version_num')
  `.execute(db)
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
}

/** The database's clock in milliseconds since 1970, and whether the database is read-only: a standby, or by its settings. */
export async function readClock(db: Database): Promise<{ milliseconds: number; readOnly: boolean }> {
  const { rows } = await sql<{ milliseconds: number; readOnly: boolean }>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as milliseconds,
      current_setting('transaction_read_only')::boolean as "readOnly"
  `.execute(db)
  return rows[0] ?? { milliseconds: Number.NaN, readOnly: false }
}

/**
 * The secret of this installation for signed links. An installation without one keeps the given secret; all processes get the
 * same. Throws an Error before the storage is bound.
 */
export async function keepLinkSecret(db: Database, secret: string): Promise<string> {
  const { rows } = await sql<{ link_secret: string }>`
    update installation set link_secret = coalesce(link_secret, ${secret}) returning link_secret
  `.execute(db)
  const [row] = rows
  if (!row) throw new Error('Links cannot be signed before the storage was bound.')
  return row.link_secret
}
