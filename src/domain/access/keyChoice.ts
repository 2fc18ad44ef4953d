import type { AccessKey } from '../../model/accessKey.ts'
import type { Reach, Scope } from '../../model/actor.ts'
import { parseKeyName, parsePatterns, parsePrefix } from './keyFields.ts'

/** The fields of a key that somebody chooses. What a new key is not given is that of its maker. */
export interface KeyFields {
  readonly name?: string | undefined
  readonly scopes?: readonly Scope[] | undefined
  readonly buckets?: readonly string[] | undefined
  readonly prefix?: string | undefined
  /** The most requests in a minute, and in a calendar month; null means any number. */
  readonly ratePerMinute?: number | null | undefined
  readonly requestsPerMonth?: number | null | undefined
  /** Null means never. */
  readonly expiresAt?: string | null | undefined
}

/** What somebody has chosen of a key. */
export type Chosen = Pick<
  AccessKey,
  'name' | 'scopes' | 'reach' | 'ratePerMinute' | 'requestsPerMonth' | 'expiresAt'
>

/** The name and rights with the fields that are given instead. Throws `key-properties-invalid`. */
export function choose(
  { name, scopes, buckets, prefix, ratePerMinute, requestsPerMonth, expiresAt }: KeyFields,
  before: Chosen,
): Chosen {
  const reach: Reach = {
    buckets: buckets === undefined ? before.reach.buckets : parsePatterns(buckets),
    prefix: prefix === undefined ? before.reach.prefix : parsePrefix(prefix),
  }
  return {
    name: name === undefined ? before.name : parseKeyName(name),
    scopes: scopes === undefined ? before.scopes : [...new Set(scopes)],
    reach,
    ratePerMinute: ratePerMinute === undefined ? before.ratePerMinute : ratePerMinute,
    requestsPerMonth: requestsPerMonth === undefined ? before.requestsPerMonth : requestsPerMonth,
    expiresAt: expiresAt === undefined ? before.expiresAt : expiresAt,
  }
}
