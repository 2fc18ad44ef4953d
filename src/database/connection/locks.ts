import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../schema.ts'

/** "upfi" in ASCII: the first half of all locks here, so that they meet no other. */
export const LOCKS = 0x75706669

/** The second half of the locks: work that only one process does at a time. */
const numbers = { bind: 101, move: 102 }

const PAUSE_MILLISECONDS = 50

/** Does the work once no other process does it; waits for that, without limit. */
export async function whenFree<Result>(
  db: Database,
  name: keyof typeof numbers,
  work: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    const done = await unlessBusy(db, name, async () => ({ result: await work() }))
    if (done) return done.result
    await sleep(PAUSE_MILLISECONDS)
  }
}

/**
 * Does the work unless another process is doing it; undefined then. Statements sent through `held` run only while this
 * process holds the lock.
 */
export async function unlessBusy<Result>(
  db: Database,
  name: keyof typeof numbers,
  work: (held: Database) => Promise<Result>,
): Promise<Result | undefined> {
  return await db.connection().execute(async (held) => {
    const { rows } = await sql<{ ours: boolean }>`
      select pg_try_advisory_lock(${LOCKS}, ${numbers[name]}) as ours`.execute(held)
    return rows[0]?.ours ? await work(held).finally(() => unlock(held, name)) : undefined
  })
}

/** A connection that broke has lost its locks already. */
async function unlock(held: Database, name: keyof typeof numbers) {
  await sql`select pg_advisory_unlock(${LOCKS}, ${numbers[name]})`.execute(held).catch(() => {})
}

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
