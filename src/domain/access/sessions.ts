import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import type { Actor } from '../../model/actor.ts'
import { asPrevious, findKey, hasEnded, type KnownKey, provenKey, readAgain } from './keyActor.ts'

/** What the text of a session says. Nobody has proven it yet. */
export interface SessionClaim {
  readonly keyId: string
  /** Whole seconds since 1970. */
  readonly endsAt: number
  readonly signature: string
}

type Signing = Pick<Deps, 'linkSecrets'>
type SignedKey = Pick<KnownKey, 'id' | 'secretHash'> & {
  /** The session was begun with the secret before the last rotation. */
  readonly isPrevious?: boolean
}

/** The 256 bits of a signature in base64url are 43 characters. */
const FORM = /^([0-9A-Za-z]{12})\.([1-9]\d{9})\.([\w-]{43})$/

/**
 * Begins a session for the holder of a key: its text, and the whole seconds that it lasts. It ends with its key, and one that was
 * begun with the secret before a rotation ends with that secret. Throws what `provenKey` throws.
 */
export async function beginSession(
  deps: Deps,
  keyText: string,
): Promise<{ readonly text: string; readonly seconds: number }> {
  const { key, until } = await provenKey(deps, keyText)
  const now = Math.floor(deps.clock.now())
  const ends = [key.expiresAt, until].filter((time) => time !== null).map((time) => Date.parse(time) / 1000)
  const endsAt = Math.floor(Math.min(now + deps.config.http.sessionSeconds, ...ends))
  return {
    text: signSession(deps, { ...key, isPrevious: until !== null }, endsAt),
    seconds: Math.max(0, endsAt - now),
  }
}

/** The actor of a session; undefined when it is none, has ended, or its key has. Throws what the database throws. */
export async function sessionActor(deps: Deps, text: string): Promise<Actor | undefined> {
  const claim = parseSession(deps, text)
  const key = claim && (await keyOf(deps, claim))
  if (!key || hasEnded(deps, key)) return undefined
  return isSessionOf(deps, claim, key) ? key.actor : asPrevious(key)
}

/** The key of a session; undefined when the service did not sign the session for it. */
async function keyOf(deps: Deps, claim: SessionClaim): Promise<KnownKey | undefined> {
  const isSigned = (key: SignedKey) =>
    isSessionOf(deps, claim, key) || isSessionOf(deps, claim, { ...key, isPrevious: true })
  const known = await findKey(deps, claim.keyId)
  return !known || isSigned(known)
    ? known
    : await readAgain(deps, claim.keyId, (key) => isSigned({ ...key, id: claim.keyId }))
}

/**
 * Makes the text of a session: it says which key its holder showed, and until when that counts, in whole seconds since 1970. No
 * table has sessions. The signature covers the hash of the key, so a session ends with its key and with the rotation of its key.
 */
export const signSession = ({ linkSecrets: [newest] }: Signing, key: SignedKey, endsAt: number): string =>
  `${key.id}.${endsAt}.${signatureOf(newest, key, endsAt)}`

/** What the text of a session says; undefined when it has another form, or has ended. */
export function parseSession({ clock }: Pick<Deps, 'clock'>, text: string): SessionClaim | undefined {
  const [, keyId = '', seconds = '', signature = ''] = FORM.exec(text) ?? []
  const endsAt = Number(seconds)
  return endsAt > clock.now() ? { keyId, endsAt, signature } : undefined
}

/**
 * Whether this service signed the session for this key, by any of its secrets. Whether the key itself still counts is for the
 * caller to judge.
 */
export const isSessionOf = (
  { linkSecrets }: Signing,
  { keyId, endsAt, signature }: SessionClaim,
  key: SignedKey,
): boolean =>
  keyId === key.id &&
  linkSecrets.some((secret) =>
    timingSafeEqual(Buffer.from(signature), Buffer.from(signatureOf(secret, key, endsAt))),
  )

/** Each part has a fixed length or an end, so no characters can move from one part to the next. */
const signatureOf = (secret: string, { id, secretHash, isPrevious }: SignedKey, endsAt: number) =>
  createHmac('sha256', secret)
    .update(`upfile session 1${isPrevious ? ' previous' : ''}\0${id}\0${endsAt}\0`)
    .update(secretHash)
    .digest('base64url')
