import { timingSafeEqual } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import { accessKeyExpired, accessKeyInvalid, accessKeyRevoked } from '../../errors/access.ts'
import type { AccessKey, AccessKeyHashes, AccessKeyUse } from '../../model/accessKey.ts'
import { type Actor, everyFile } from '../../model/actor.ts'
import { type Credential, parseCredential } from '../../runtime/credentialText.ts'

const NAME = /^key:([0-9A-Za-z]{12})$/

/**
 * The actor of an access key. Throws `access-key-invalid`, the same for every reason, and to a caller with the right secret
 * `access-key-revoked` and `access-key-expired`. A text of a wrong form costs no query. The text before the last rotation makes
 * an actor who manages no keys: it would rotate its own key, and end the new text that the owner has.
 */
export async function keyActor(deps: Deps, text: string): Promise<Actor> {
  const { key, until } = await provenKey(deps, text)
  return until === null ? key.actor : asPrevious(key)
}

/** The actor of a key whose holder showed the text before the last rotation. */
export const asPrevious = ({ actor, previousHash }: KnownKey): Actor =>
  previousHash ? { ...actor, secretHash: previousHash } : actor

/** An access key as this process knows it, of the table or of ADMIN_KEYS. */
export interface KnownKey extends AccessKeyHashes, Pick<AccessKey, 'id' | 'expiresAt' | 'revokedAt'> {
  /** Who the holder of the key is. */
  readonly actor: Actor
}

/**
 * The key whose text this is, and until when the text is good, in the form of RFC 3339; null means as long as the key. Throws
 * what `keyActor` throws.
 */
export async function provenKey(
  deps: Deps,
  text: string,
): Promise<{ readonly key: KnownKey; readonly until: string | null }> {
  const presented = parseCredential(text)
  const key = presented && (await proven(deps, presented))
  if (!presented || !key) throw accessKeyInvalid()
  insistOnLife(deps, key)
  return { key, until: key.secretHash.equals(presented.hash) ? null : key.previousUntil }
}

/** The key of this id, also one that has ended; undefined when there is none. Throws what the database throws. */
export async function findKey({ config, knownAccess }: Deps, id: string): Promise<KnownKey | undefined> {
  const admin = config.access.adminKeys.find((key) => key.id === id)
  if (admin) return { ...endless, id, secretHash: admin.hash, actor: adminActor(id) }
  const key = await knownAccess.findKey(id)
  return key && { ...key, actor: toActor(key) }
}

/** The key that a text proves; undefined when it proves none. */
async function proven(deps: Deps, { id, hash }: Credential): Promise<KnownKey | undefined> {
  const known = await findKey(deps, id)
  if (!known || proves(deps, known, hash)) return known
  return await readAgain(deps, id, (key) => proves(deps, key, hash))
}

/**
 * Reads a key that does not fit once more: another process may have rotated it less than a second ago. Returns the key when it
 * fits now. A wrong secret costs a query, as an unknown id does.
 */
export async function readAgain(
  { knownAccess }: Deps,
  id: string,
  fits: (key: AccessKeyHashes) => boolean,
): Promise<KnownKey | undefined> {
  const key = await knownAccess.readKey(id)
  if (!key || !fits(key)) return undefined
  knownAccess.forget(id)
  return { ...key, actor: toActor(key) }
}

/**
 * Looks once more at the key of an actor that began an upload or made a link. Returns what the actor may do now; undefined when
 * it has no key. Throws `access-key-revoked` or `access-key-expired` when the key has ended since. `name` as in `Actor`.
 */
export async function insistOnKeyOf(deps: Deps, name: string | null): Promise<Actor | undefined> {
  const [, id] = NAME.exec(name ?? '') ?? []
  if (id === undefined) return undefined
  const key = await findKey(deps, id)
  if (!key) throw accessKeyRevoked()
  insistOnLife(deps, key)
  return key.actor
}

function proves({ clock }: Deps, key: AccessKeyHashes, hash: Buffer): boolean {
  if (timingSafeEqual(key.secretHash, hash)) return true
  const { previousHash, previousUntil } = key
  if (previousHash === null || previousUntil === null) return false
  return timingSafeEqual(previousHash, hash) && Date.parse(previousUntil) > clock.now() * 1000
}

function insistOnLife(deps: Deps, key: KnownKey): void {
  if (key.revokedAt !== null) throw accessKeyRevoked()
  if (hasEnded(deps, key)) throw accessKeyExpired()
}

/** Whether a key was revoked or has expired. */
export const hasEnded = ({ clock }: Deps, { revokedAt, expiresAt }: KnownKey): boolean =>
  revokedAt !== null || (expiresAt !== null && Date.parse(expiresAt) <= clock.now() * 1000)

/** A key of ADMIN_KEYS ends when the setting changes. */
const endless = { expiresAt: null, revokedAt: null, previousHash: null, previousUntil: null }

const toActor = ({
  id,
  scopes,
  reach,
  expiresAt,
  secretHash,
  ...key
}: AccessKey & AccessKeyHashes & AccessKeyUse): Actor => ({
  kind: 'key',
  name: `key:${id}`,
  scopes,
  reach,
  limits: {
    keyId: id,
    perMinute: key.ratePerMinute,
    perMonth: key.requestsPerMonth,
    requestsOfMonth: key.requestsOfMonth,
  },
  secretHash,
  expiresAt,
})

const adminActor = (id: string): Actor => ({
  kind: 'key',
  name: `key:${id}`,
  scopes: ['admin'],
  reach: everyFile,
  expiresAt: null,
})
