import { scopeExceeded } from '../../errors/access.ts'
import type { AccessKey } from '../../model/accessKey.ts'
import type { Actor } from '../../model/actor.ts'
import { coversPattern } from './bucketPatterns.ts'
import { hasScope } from './decide.ts'

/** What somebody may do, to which files, how often, and until when. */
export type Rights = Pick<AccessKey, 'scopes' | 'reach' | 'ratePerMinute' | 'requestsPerMonth' | 'expiresAt'>

/** The rights of an actor. Whoever has no limits may make any number of requests. */
export const rightsOf = ({ scopes, reach, limits, expiresAt }: Actor): Rights => ({
  scopes,
  reach,
  ratePerMinute: limits?.perMinute ?? null,
  requestsPerMonth: limits?.perMonth ?? null,
  expiresAt,
})

/** Nobody gives more than they have: throws `scope-exceeded` unless the rights lie inside those of the giver. */
export function insistOnRights(giver: Actor, given: Rights): void {
  const excess = excessOf(rightsOf(giver), given)
  if (excess !== undefined) throw scopeExceeded(excess)
}

/** The first of the given rights that lies outside, as the end of a sentence to the giver; undefined when all lie inside. */
export function excessOf(own: Rights, given: Rights): string | undefined {
  const scope = given.scopes.find((each) => !hasScope(own, each))
  if (scope !== undefined) return `your key does not have the scope "${scope}"`
  const pattern = given.reach.buckets.find((each) => !coversPattern(own.reach.buckets, each))
  if (pattern !== undefined) return `your key is not for all of the buckets "${pattern}"`
  const { prefix } = own.reach
  if (!given.reach.prefix.startsWith(prefix)) return `your key is for names that begin with "${prefix}"`
  const { ratePerMinute: perMinute, requestsPerMonth: perMonth } = own
  if (isMore(given.ratePerMinute, perMinute)) return `your key has at most ${perMinute} requests in a minute`
  if (isMore(given.requestsPerMonth, perMonth)) return `your key has at most ${perMonth} requests in a month`
  return endsAfter(given.expiresAt, own.expiresAt) ? `your key expires at ${own.expiresAt}` : undefined
}

/** Whether a limit allows more than another; null means any number. */
const isMore = (one: number | null, other: number | null): boolean =>
  other !== null && (one === null || one > other)

/** Whether a credential ends after another; null means never. */
const endsAfter = (one: string | null, other: string | null): boolean =>
  other !== null && (one === null || Date.parse(one) > Date.parse(other))
