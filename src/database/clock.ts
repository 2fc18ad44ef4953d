import { readClock } from './rows/installation.ts'
import type { Database } from './schema.ts'

/** The database's clock, by which all processes of an installation judge what expires. */
export interface Clock {
  /** Seconds since 1970, with their fraction. */
  now(): number
  /** Looks at the database's clock again. Throws what the database throws. */
  adjust(): Promise<void>
}

/**
 * Counts on from what the database said with the monotonic clock of this process, so that neither a jump of this machine's
 * clock nor another machine's opinion counts.
 */
export async function createClock(db: Database): Promise<Clock> {
  let origin = 0
  async function adjust() {
    const before = performance.now()
    const { milliseconds } = await readClock(db)
    origin = milliseconds - (before + performance.now()) / 2
  }
  await adjust()
  return { now: () => (origin + performance.now()) / 1000, adjust }
}
