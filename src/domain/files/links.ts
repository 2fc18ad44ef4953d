import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../database/clock.ts'
import { linkExpired, linkInvalid } from '../../errors.ts'
import { longestLinkSeconds } from '../../storage/directAccess.ts'

/** Signs and verifies links to this service. */
export interface Links {
  /**
   * A target (path and query) that `method` may be used on until it expires, `seconds` from now, at most
   * `longestLinkSeconds`. The query holds whatever else binds whoever uses it.
   */
  sign(
    method: LinkMethod,
    path: string,
    query: Readonly<Record<string, string>>,
    seconds: number,
  ): SignedTarget
  /** Throws `link-invalid` unless this very target was signed for this method, `link-expired` when that was too long ago. */
  verify(method: string, target: string): void
}

export type LinkMethod = 'GET' | 'PUT' | 'POST'

export interface SignedTarget {
  readonly target: string
  readonly expiresAt: Date
}

const TOLERANCE_SECONDS = 30
/** 256 bits in base64url; what comes before is what was signed. */
const FORM = /^(.*[?&]expires=([1-9]\d{9})&key_id=([0-9a-f]{8}))&signature=([A-Za-z0-9_-]{43})$/s

/**
 * Links are signed with the first of the secrets and verified with any of them, so that a new one can be put in front of
 * the old one. HMAC-SHA-256 covers the method and the whole target, letter by letter: nothing can be changed, moved or added.
 */
export function createLinks(secrets: readonly [string, ...string[]], clock: Clock): Links {
  const keys = new Map(secrets.map((secret) => [keyId(secret), secret]))
  const [newest] = secrets

  return {
    sign(method, path, query, seconds) {
      const expires = Math.floor(clock.now()) + Math.min(seconds, longestLinkSeconds)
      const parameters = new URLSearchParams({ ...query, expires: String(expires), key_id: keyId(newest) })
      const signed = `${path}?${parameters}`
      return {
        target: `${signed}&signature=${signatureOf(newest, method, signed)}`,
        expiresAt: new Date(expires * 1000),
      }
    },
    verify(method, target) {
      const [, signed = '', expires, id = '', signature = ''] = FORM.exec(target) ?? []
      const secret = keys.get(id)
      // RFC 9110, 9.3.2: whoever may GET may HEAD.
      const meant = method === 'HEAD' ? 'GET' : method
      if (secret === undefined || !equal(signature, signatureOf(secret, meant, signed))) throw linkInvalid()
      const left = Number(expires) - clock.now()
      if (left > longestLinkSeconds + TOLERANCE_SECONDS) throw linkInvalid()
      if (left <= 0) throw linkExpired()
    },
  }
}

/** Names a secret without telling anything of it. */
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
