import { sql } from 'kysely'
import type { Database } from '../schema.ts'

/** The secret that this installation signs links with, the given one if it has none yet; all processes get the same. */
export async function keepLinkSecret(db: Database, secret: string): Promise<string> {
  const { rows } = await sql<{ link_secret: string }>`
    update installation set link_secret = coalesce(link_secret, ${secret}) returning link_secret
  `.execute(db)
  const [row] = rows
  if (!row) throw new Error('Links cannot be signed before the storage was bound.')
  return row.link_secret
}
