import type { createReader } from './reader.ts'

/** How many requests an address may make in a minute; 0 means any number. */
export interface RatesConfig {
  /** Requests without a credential, where none is needed. */
  readonly anonymousPerMinute: number
  /** Requests with a credential that is wrong. */
  readonly failedPerMinute: number
}

const MOST_REQUESTS = 1_000_000

export const ratesConfig = (read: ReturnType<typeof createReader>): RatesConfig => ({
  anonymousPerMinute: read.integer('ANONYMOUS_RATE', 0, 0, MOST_REQUESTS),
  failedPerMinute: read.integer('FAILED_RATE', 30, 0, MOST_REQUESTS),
})
