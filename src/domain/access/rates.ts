import type { Clock } from '../../database/clock.ts'
import { addRateCounts } from '../../database/rows/rateCounts.ts'
import type { Database } from '../../database/schema.ts'
import type { Logger } from '../../logger.ts'
import type { RateCount, RatePolicy, Rates } from '../../model/rates.ts'
import { createSlidingWindow, type SlidingWindow } from './slidingWindow.ts'

interface RatesDeps {
  readonly db: Database
  readonly clock: Clock
  readonly logger: Logger
}

/** Counts of each policy: strangers, who can have any number of addresses, cannot take the counts of keys away. */
const MOST_SUBJECTS = 100_000

const SHARE_MILLISECONDS = 500
/** In one statement; more wait for the next one. */
const MOST_CHANGES = 2000

/**
 * Counts requests in memory, and adds up what the processes of the database have counted, every 500 ms while requests come
 * (docs/decisions/0039). While the database fails, each process knows its own requests only.
 */
export function createRates({ db, clock, logger }: RatesDeps): Rates {
  const windows: Record<Exclude<RatePolicy, 'month'>, SlidingWindow> = {
    key: createSlidingWindow(MOST_SUBJECTS),
    user: createSlidingWindow(MOST_SUBJECTS),
    anonymous: createSlidingWindow(MOST_SUBJECTS),
    failed: createSlidingWindow(MOST_SUBJECTS),
  }
  const policies = Object.entries(windows)
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let fails = false

  function soon() {
    if (closed) return
    timer ??= setTimeout(async () => {
      const hadChanges = await share()
      timer = undefined
      if (hadChanges) soon() // others may have come meanwhile, or are left
    }, SHARE_MILLISECONDS).unref()
  }

  /** Resolves with whether there were changes. Never rejects. */
  async function share(): Promise<boolean> {
    const changed = policies.map(([policy, window]) => ({
      policy,
      window,
      changes: window.changes(MOST_CHANGES),
    }))
    const rows = changed.flatMap(({ policy, changes }) => changes.map((change) => withPolicy(policy, change)))
    if (rows.length === 0) return false
    try {
      const totals = await addRateCounts(db, rows)
      for (const { policy, window, changes } of changed) window.settle(changes, ofPolicy(policy, totals))
      fails = false
    } catch (error) {
      for (const { window, changes } of changed) window.restore(changes)
      if (!fails) logger.warn('Counts of requests are not shared: each process knows its own only', { error })
      fails = true
    }
    return true
  }

  return {
    take(policy, subject, quota) {
      const state = windows[policy].take(subject, quota, clock.now())
      if (!state.exceeded) soon()
      return { policy, quota, ...state }
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

const withPolicy = (policy: string, count: RateCount): RateCount => ({
  ...count,
  subject: `${policy}:${count.subject}`,
})

const ofPolicy = (policy: string, counts: readonly RateCount[]): RateCount[] =>
  counts
    .filter(({ subject }) => subject.startsWith(`${policy}:`))
    .map((count) => ({ ...count, subject: count.subject.slice(policy.length + 1) }))
