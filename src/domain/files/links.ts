import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import { linkExpired, linkInvalid } from '../../errors/requests.ts'
import { longestLinkSeconds } from '../../storage/directAccess.ts'

export interface LinkRequest {
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly path: string
  /** What else binds the client that uses the link. */
  readonly query: Readonly<Record<string, string>>
  /** How long the link may be used; at most `longestLinkSeconds`. */
  readonly seconds: number
}

export interface SignedTarget {
  /** Path and query, to be sent as they are. */
  readonly target: string
  readonly expiresAt: Date
}

const TOLERANCE_SECONDS = 30
/** 256 bits in base64url; the part in front of `&signature=` is what was signed. */
const FORM = /^(.*[?&]expires=([1-9]\d{9})&key_id=([0-9a-f]{8}))&signature=([A-Za-z0-9_-]{43})$/s

/**
 * Signs a link to this service with the newest secret. HMAC-SHA-256 covers the method and the whole target, letter by letter:
 * nothing can be changed, moved or added.
 */
export function signLink(
  { clock, linkSecrets: [newest] }: Deps,
  { method, path, query, seconds }: LinkRequest,
): SignedTarget {
  const expires = Math.floor(clock.now()) + Math.min(seconds, longestLinkSeconds)
  const parameters = new URLSearchParams({ ...query, expires: String(expires), key_id: keyId(newest) })
  const signed = `${path}?${parameters}`
  return {
    target: `${signed}&signature=${signatureOf(newest, method, signed)}`,
    expiresAt: new Date(expires * 1000),
  }
}

/**
 * Throws `link-invalid` unless this very target was signed for this method with any of the secrets, `link-expired` when its
 * time is over. A new secret can so be put in front of the old one.
 */
export function verifyLink({ clock, linkSecrets }: Deps, method: string, target: string): void {
  const [, signed = '', expires, id = '', signature = ''] = FORM.exec(target) ?? []
  const secret = linkSecrets.find((candidate) => keyId(candidate) === id)
  // RFC 9110, 9.3.2: a link to GET may be used to HEAD.
  const meant = method === 'HEAD' ? 'GET' : method
  if (secret === undefined || !equal(signature, signatureOf(secret, meant, signed))) throw linkInvalid()
  const left = Number(expires) - clock.now()
  if (left > longestLinkSeconds + TOLERANCE_SECONDS) throw linkInvalid()
  if (left <= 0) throw linkExpired()
}

/** Names a secret and tells nothing of it. */
const keyId = (secret: string) =>
  createHash('sha256').update(`upfile key id\0${secret}`).digest('hex').slice(0, 8)

/** Each text is preceded by its length, so that nothing can be moved from one to the other. */
function signatureOf(secret: string, method: string, signed: string): string {
  const hmac = createHmac('sha256', secret)
  for (const text of ['upfile link 1', method, signed])
    hmac.update(`${Buffer.byteLength(text)}:`).update(text)
  return hmac.digest('base64url')
}

const equal = (one: string, other: string) =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
