import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import { linkRevoked } from '../../errors/access.ts'
import { linkExpired, linkInvalid } from '../../errors/requests.ts'
import { hasCode } from '../../errors.ts'
import { type Actor, link } from '../../model/actor.ts'
import { longestLinkSeconds } from '../../storage/directAccess.ts'
import { hasScope } from '../access/decide.ts'
import { insistOnKeyOf } from '../access/keyActor.ts'
import { userOf } from '../access/tokenActor.ts'

/** The request that a link allows. */
export interface LinkRequest {
  /** A link for GET allows HEAD too. */
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly path: string
  /** Query parameters that the client must not change. */
  readonly query: Readonly<Record<string, string>>
  /** Lifetime of the link; more than `longestLinkSeconds` is cut to that. */
  readonly seconds: number
}

/** A signed link without scheme and host. */
export interface SignedTarget {
  /** Path and query, to be sent as they are. */
  readonly target: string
  readonly expiresAt: Date
}

const TOLERANCE_SECONDS = 30
/** The signature covers the part in front of `&signature=`, and has 256 bits in base64url. */
const SIGNED_TARGET = /^(.*[?&]expires=([1-9]\d{9})&key_id=([0-9a-f]{8}))&signature=([A-Za-z0-9_-]{43})$/s

/**
 * Signs a link to this service with the first secret, for an actor with whose key it ends (`by`). HMAC-SHA-256 covers the method
 * and every character of the target, so no client can change, move or add anything.
 */
export function signLink(
  { clock, linkSecrets: [newest] }: Deps,
  actor: Pick<Actor, 'name'>,
  { method, path, query, seconds }: LinkRequest,
): SignedTarget {
  const expires = Math.floor(clock.now()) + Math.min(seconds, longestLinkSeconds)
  const issuer = actor.name === null ? {} : { by: actor.name }
  const parameters = new URLSearchParams({
    ...query,
    ...issuer,
    expires: String(expires),
    key_id: keyId(newest),
  })
  const signed = `${path}?${parameters}`
  return {
    target: `${signed}&signature=${signatureOf(newest, method, signed)}`,
    expiresAt: new Date(expires * 1000),
  }
}

/**
 * Judges a link, and returns what its holder may do: what the actor that signed it may do now, in this one request. Throws
 * `link-invalid` unless this target was signed for this method with one of the secrets, `link-expired` when its lifetime is over,
 * and `link-revoked` when the key of the signing actor has ended, or has lost the scope. Links of an old secret stay valid after
 * a new secret was put in front of it.
 */
export async function verifyLink(deps: Deps, method: string, target: string): Promise<Actor> {
  verifySignature(deps, method, target)
  const name = new URLSearchParams(target.slice(target.indexOf('?') + 1)).get('by')
  const issuer = await insistOnKeyOf(deps, name).catch((error: unknown) => {
    throw ENDED.some((code) => hasCode(error, code)) ? linkRevoked() : error
  })
  if (!issuer) return linkOf(name)
  if (!hasScope(issuer, READING.includes(method) ? 'read' : 'write')) throw linkRevoked()
  return { ...issuer, kind: 'link' }
}

/** A link of a user leads to what is the user's, or is shared with users, when it is followed. */
function linkOf(name: string | null): Actor {
  const owner = userOf(name)
  return owner === undefined ? link : { ...link, reach: { ...link.reach, owner } }
}

const READING = ['GET', 'HEAD']

const ENDED = ['access-key-revoked', 'access-key-expired'] as const

function verifySignature({ clock, linkSecrets }: Deps, method: string, target: string): void {
  const [, signed = '', expires, id = '', signature = ''] = SIGNED_TARGET.exec(target) ?? []
  const secret = linkSecrets.find((candidate) => keyId(candidate) === id)
  // RFC 9110, 9.3.2: HEAD is GET without the body.
  const signedMethod = method === 'HEAD' ? 'GET' : method
  if (secret === undefined || !equal(signature, signatureOf(secret, signedMethod, signed)))
    throw linkInvalid()
  const secondsLeft = Number(expires) - clock.now()
  if (secondsLeft > longestLinkSeconds + TOLERANCE_SECONDS) throw linkInvalid()
  if (secondsLeft <= 0) throw linkExpired()
}

/** The public name of a secret, in 8 hex digits: it reveals nothing about the secret. */
const keyId = (secret: string) =>
  createHash('sha256').update(`upfile key id\0${secret}`).digest('hex').slice(0, 8)

/** Each text is preceded by its length, so that no characters can move from one text to the next. */
function signatureOf(secret: string, method: string, signed: string): string {
  const hmac = createHmac('sha256', secret)
  for (const text of ['upfile link 1', method, signed])
    hmac.update(`${Buffer.byteLength(text)}:`).update(text)
  return hmac.digest('base64url')
}

const equal = (one: string, other: string) =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
