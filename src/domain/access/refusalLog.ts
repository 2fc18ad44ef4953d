import type { Clock } from '../../database/clock.ts'
import { insertRefusal } from '../../database/rows/audit.ts'
import type { Database } from '../../database/schema.ts'
import type { Logger } from '../../logger.ts'
import type { RefusalLog } from '../../model/rates.ts'

interface RefusalDeps {
  readonly db: Database
  readonly clock: Clock
  readonly logger: Logger
}

/** Entries of one process in a minute: an attacker may have any number of addresses. */
const MOST_ENTRIES = 1000

/**
 * Writes the first 429 of an address in a minute to the audit log, one after the other and behind the answer: to be refused costs
 * one caller no query, and many callers one connection.
 */
export function createRefusalLog({ db, clock, logger }: RefusalDeps): RefusalLog {
  let minute = 0
  let addresses = new Set<string | null>()
  let writing = Promise.resolve()
  return {
    note(actor, origin, policy) {
      const now = Math.floor(clock.now() / 60)
      if (now !== minute) addresses = new Set()
      minute = now
      if (addresses.has(origin.address) || addresses.size === MOST_ENTRIES) return
      addresses.add(origin.address)
      writing = writing
        .then(() => insertRefusal(db, actor, origin, policy))
        .catch((error: unknown) => logger.warn('A refusal is missing in the audit log', { error }))
    },
    settled: () => writing,
  }
}
