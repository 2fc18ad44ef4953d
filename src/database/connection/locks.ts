import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../schema.ts'

/** "upfi" in ASCII: the first half of the number of each advisory lock, so that no other program's lock has the number. */
const LOCK_CLASS = 0x75706669

/** The second half of the number: one for each kind of work that only one process may do at a time. */
const lockNumbers = { bind: 101, move: 102 }

const PAUSE_MILLISECONDS = 50

/** Waits, without limit, until no other process holds the lock, and does the work while this process holds the lock. */
export async function whenFree<Result>(
  db: Database,
  name: keyof typeof lockNumbers,
  work: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    const outcome = await unlessBusy(db, name, async () => ({ result: await work() }))
    if (outcome) return outcome.result
    await sleep(PAUSE_MILLISECONDS)
  }
}

/**
 * Does the work while this process holds the lock. Returns undefined, and does nothing, when another process holds the lock.
 * Statements sent through `held` run only while this process holds the lock.
 */
export async function unlessBusy<Result>(
  db: Database,
  name: keyof typeof lockNumbers,
  work: (held: Database) => Promise<Result>,
): Promise<Result | undefined> {
  return await db.connection().execute(async (held) => {
    const { rows } = await sql<{ ours: boolean }>`
      select pg_try_advisory_lock(${LOCK_CLASS}, ${lockNumbers[name]}) as ours`.execute(held)
    return rows[0]?.ours ? await work(held).finally(() => unlock(held, name)) : undefined
  })
}

/** Ignores errors: a connection that broke has lost its locks already. */
async function unlock(held: Database, name: keyof typeof lockNumbers) {
  await sql`select pg_advisory_unlock(${LOCK_CLASS}, ${lockNumbers[name]})`.execute(held).catch(() => {})
}

/** "upfile" in ASCII: the number of the advisory lock that the leader holds. */
const LEADER_LOCK = 0x757066696c65

/**
 * Does the work unless another process is the leader now. The lock only prevents double work: a broken connection loses the
 * lock, so every step of the work must be safe when two processes do it at the same time.
 */
export async function withLeadership(db: Database, work: () => Promise<void>): Promise<void> {
  await db.connection().execute(async (connection) => {
    const { rows } = await sql<{
      leader: boolean
    }>`select pg_try_advisory_lock(${LEADER_LOCK}) as leader`.execute(connection)
    if (!rows[0]?.leader) return
    try {
      await work()
    } finally {
      await sql`select pg_advisory_unlock(${LEADER_LOCK})`.execute(connection)
    }
  })
}
