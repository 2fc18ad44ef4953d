import type { Actor, Scope } from '../../model/actor.ts'
import type { TokenHolder } from '../../model/token.ts'

const USER = 'user:'

/** The user of an actor with this name, as in `Actor`; undefined when the actor is no user. */
export const userOf = (name: string | null): string | undefined =>
  name?.startsWith(USER) ? name.slice(USER.length) : undefined

/** What the rule of a bucket may allow a user. */
const userScopes: readonly Scope[] = ['read', 'list', 'write', 'delete']

/**
 * The actor of a token. A token with scopes acts as an access key; its name is not that of a key, because an issuer may choose
 * any subject.
 */
export function tokenActor({ owner, scopes, buckets, expires }: TokenHolder): Actor {
  const expiresAt = new Date(expires * 1000).toISOString()
  if (scopes)
    return { kind: 'key', name: `token:${owner}`, scopes, reach: { buckets, prefix: '' }, expiresAt }
  const reach = { buckets, prefix: '', owner }
  return { kind: 'user', name: `${USER}${owner}`, scopes: userScopes, reach, expiresAt }
}
