import { sql } from 'kysely'
import type { Database } from '../schema.ts'

/**
 * Commits something, so that everything that any session saw of the database until now survives a crash, and a failover
 * to a standby that commits wait for. A primary that was killed and started again shows what no standby has yet.
 */
export async function settleCommits(db: Database): Promise<void> {
  await sql`update installation set storage_id = storage_id`.execute(db)
}

/** Whether the database knows of any bytes at all. */
export async function knowsBytes(db: Database): Promise<boolean> {
  const { rows } = await sql<{ some: boolean }>`
    select exists (select from blobs) or exists (select from trash) as some`.execute(db)
  return rows[0]?.some ?? false
}

/** Settings of PostgreSQL without which an acknowledged commit could be lost, as it reports them. */
export async function readDurabilitySettings(db: Database): Promise<Readonly<Record<string, string>>> {
  const { rows } = await sql<{ name: string; setting: string }>`
    select name, setting from pg_settings
    where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names', 'server_version_num')
  `.execute(db)
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
}

/** The database's clock in milliseconds since 1970, and whether it takes no writes: a standby, or one that was told so. */
export async function readClock(db: Database): Promise<{ milliseconds: number; readOnly: boolean }> {
  const { rows } = await sql<{ milliseconds: number; readOnly: boolean }>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as milliseconds,
      current_setting('transaction_read_only')::boolean as "readOnly"
  `.execute(db)
  return rows[0] ?? { milliseconds: Number.NaN, readOnly: false }
}

/** The secret that this installation signs links with, the given one if it has none yet; all processes get the same. */
export async function keepLinkSecret(db: Database, secret: string): Promise<string> {
  const { rows } = await sql<{ link_secret: string }>`
    update installation set link_secret = coalesce(link_secret, ${secret}) returning link_secret
  `.execute(db)
  const [row] = rows
  if (!row) throw new Error('Links cannot be signed before the storage was bound.')
  return row.link_secret
}
