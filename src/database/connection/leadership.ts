import { sql } from 'kysely'
import type { Database } from '../schema.ts'

/** "upfile" in ASCII: the advisory lock that the leader holds. */
const LOCK = 0x757066696c65

/**
 * Does the work when no other process does it at the moment. The lock only saves work: it can be lost with its
 * connection, so every step of the work has to be safe without it.
 */
export async function withLeadership(db: Database, work: () => Promise<void>): Promise<void> {
  await db.connection().execute(async (connection) => {
    const { rows } = await sql<{ leader: boolean }>`select pg_try_advisory_lock(${LOCK}) as leader`.execute(
      connection,
    )
    if (!rows[0]?.leader) return
    try {
      await work()
    } finally {
      await sql`select pg_advisory_unlock(${LOCK})`.execute(connection)
    }
  })
}
