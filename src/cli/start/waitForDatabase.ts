import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseConnection } from '../../database/connection/connect.ts'
import { createMissing, statementFor } from '../../database/connection/createMissing.ts'
import { classifyFailure, isMissingDatabase, isRefused } from '../../database/connection/failures.ts'
import { readClock } from '../../database/rows/installation.ts'

const LONGEST_WAIT_SECONDS = 30

/** A network that drops all packets gives no error for 5 s: the wait is announced before. */
const SILENCE_MILLISECONDS = 1000

export interface Waiting {
  /** Tells the operator that this process waits, or that it made the database. */
  say(sentence: string): void
  /** Whether to make a database that the server does not have. */
  readonly create: boolean
  /** Ends the wait. */
  readonly signal?: AbortSignal
}

/**
 * Waits up to 30 s for a database that is still starting, and says so once. Throws an Error that names the settings when the
 * database refuses or does not answer in time; the reason of `signal` when that is aborted.
 */
export async function waitForDatabase(
  { db, pool }: DatabaseConnection,
  { say, create, signal }: Waiting,
): Promise<void> {
  const until = performance.now() + LONGEST_WAIT_SECONDS * 1000
  let announced = false
  const announce = (reason: string) => {
    if (!announced) say(`Waiting for the database, at most ${LONGEST_WAIT_SECONDS} s: ${reason}`)
    announced = true
  }
  const silence = setTimeout(announce, SILENCE_MILLISECONDS, `no answer yet, check ${settingsFor('')}`)
  try {
    for (let mayCreate = create; ; ) {
      try {
        await readClock(db)
        return
      } catch (error) {
        signal?.throwIfAborted()
        const message = toSentence(error)
        const check = `check ${settingsFor(message)}`
        if (isMissingDatabase(error) && mayCreate) {
          mayCreate = false
          say(`Made the database "${await createMissing(pool)}", because the server did not have it`)
          continue
        }
        const refused = classifyFailure(error) === 'other' || isRefused(error)
        if (refused || performance.now() > until) {
          const advice = isMissingDatabase(error) ? `; "upfile serve" makes it, or ${statementFor(pool)}` : ''
          throw new Error(`The database cannot be reached (${check}): ${message}${advice}`, { cause: error })
        }
        announce(`${message}, ${check}`)
        await sleep(500, undefined, { signal }).catch(() => signal?.throwIfAborted())
      }
    }
  } finally {
    clearTimeout(silence)
  }
}

/**
 * The message of an error. Several addresses that fail, as of localhost, give one Error each, and a common one without a
 * message.
 */
const toSentence = (error: unknown): string =>
  error instanceof AggregateError
    ? error.errors.map(toSentence).join(', ')
    : Error.isError(error)
      ? error.message
      : String(error)

const settingsFor = (message: string) =>
  /certificate|(^|\W)(ssl|tls)(\W|$)|encryption/i.test(message)
    ? 'DB_SSL and DB_SSL_CA, or sslmode in DATABASE_URL'
    : 'DATABASE_URL or DB_HOST'
