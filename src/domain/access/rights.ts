import { scopeExceeded } from '../../errors/access.ts'
import type { Actor } from '../../model/actor.ts'
import { coversPattern } from './bucketPatterns.ts'
import { hasScope } from './decide.ts'

/** What somebody may do, to which files, and until when. */
export type Rights = Pick<Actor, 'scopes' | 'reach' | 'expiresAt'>

/** Nobody gives more than they have: throws `scope-exceeded` unless the rights lie inside those of the giver. */
export function insistOnRights(own: Rights, given: Rights): void {
  const excess = excessOf(own, given)
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
  return endsAfter(given.expiresAt, own.expiresAt) ? `your key expires at ${own.expiresAt}` : undefined
}

/** Whether a credential ends after another; null means never. */
const endsAfter = (one: string | null, other: string | null): boolean =>
  other !== null && (one === null || Date.parse(one) > Date.parse(other))
