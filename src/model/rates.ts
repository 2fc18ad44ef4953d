import type { Actor } from './actor.ts'
import type { Origin } from './audit.ts'

/** The limits of requests, by the names that answers give them. */
export type RatePolicy = 'key' | 'user' | 'anonymous' | 'failed' | 'month'

/** What a limit of requests allows at one moment. */
export interface RateState {
  readonly policy: RatePolicy
  /** The most requests: in 60 seconds, or of `month` in a calendar month. */
  readonly quota: number
  /** The request was one too many. */
  readonly exceeded: boolean
  /** Requests that are left. */
  readonly left: number
  /** Whole seconds until there are more, at least 1. */
  readonly seconds: number
}

/** Counts requests. */
export interface Rates {
  /** Counts a request of a subject, as the id of a key, a user or an address. A request that exceeds the quota is not counted. */
  take(policy: Exclude<RatePolicy, 'month'>, subject: string, quota: number): RateState
  /** Tells other processes nothing more. */
  close(): void
}

/** Requests of a subject in a minute, which is counted from 1970. */
export interface RateCount {
  readonly subject: string
  readonly minute: number
  readonly requests: number
}

/** Counts the requests of each access key in a month, and when it was used. */
export interface KeyUsage {
  /** Counts a request. */
  note(keyId: string): void
  /** The requests that the database does not have yet: those of the last minute. */
  unwritten(keyId: string): number
  /** Writes what is unwritten. To be called when no more requests come. */
  close(): Promise<void>
}

/** Tells the audit log about requests that were refused because there were too many. */
export interface RefusalLog {
  /** Adds an entry in the background, unless there is one for this address and minute. */
  note(actor: Pick<Actor, 'name' | 'reach'>, origin: Origin, policy: RatePolicy): void
  /** Resolves when all entries are written, or could not be. */
  settled(): Promise<void>
}
