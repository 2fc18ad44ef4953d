import type { createReader } from './reader.ts'

/** How many requests a user or an address may make in a minute; 0 means any number. */
export interface RatesConfig {
  /** Requests of a user, whom a token speaks for. */
  readonly userPerMinute: number
  /** Requests of an address without a credential, where none is needed. */
  readonly anonymousPerMinute: number
  /** Requests of an address with a credential that is wrong. */
  readonly failedPerMinute: number
}

const MOST_REQUESTS = 1_000_000

export const ratesConfig = (read: ReturnType<typeof createReader>): RatesConfig => ({
  userPerMinute: read.integer('USER_RATE', 600, 0, MOST_REQUESTS),
  anonymousPerMinute: read.integer('ANONYMOUS_RATE', 0, 0, MOST_REQUESTS),
  failedPerMinute: read.integer('FAILED_RATE', 30, 0, MOST_REQUESTS),
})
