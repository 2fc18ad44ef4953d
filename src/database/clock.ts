import { readClock } from './rows/installation.ts'
import type { Database } from './schema.ts'

/** The database's clock: all processes of an installation use this clock to decide what has expired. */
export interface Clock {
  /** Seconds since 1970, with their fraction. */
  now(): number
  /** Reads the database's clock again. Throws what the database throws. */
  adjust(): Promise<void>
}

/**
 * Reads the database's clock once and counts on with the monotonic clock of this process, so that a wrong or changed clock of
 * this machine has no effect. Throws what the database throws.
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
