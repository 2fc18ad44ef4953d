import { timingSafeEqual } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import { accessKeyExpired, accessKeyInvalid, accessKeyRevoked } from '../../errors/access.ts'
import type { AccessKey, AccessKeyHashes, AccessKeyUse } from '../../model/accessKey.ts'
import { type Actor, everyFile } from '../../model/actor.ts'
import { type Credential, parseCredential } from '../../runtime/credentialText.ts'

const NAME = /^key:([0-9A-Za-z]{12})$/

/**
 * The actor of an access key. Throws `access-key-invalid`, the same for every reason, and to a caller with the right secret
 * `access-key-revoked` and `access-key-expired`. A text of a wrong form costs no query.
 */
export async function keyActor(deps: Deps, text: string): Promise<Actor> {
  const presented = parseCredential(text)
  if (!presented) throw accessKeyInvalid()
  const admin = deps.config.access.adminKeys.find(({ id }) => id === presented.id)
  if (admin) {
    if (!timingSafeEqual(admin.hash, presented.hash)) throw accessKeyInvalid()
    return adminActor(admin.id)
  }
  const key = await proven(deps, presented)
  if (!key) throw accessKeyInvalid()
  insistOnLife(deps, key)
  return toActor(key)
}

/** The key that a text proves; undefined when it proves none. */
async function proven(deps: Deps, { id, hash }: Credential): Promise<(AccessKey & AccessKeyUse) | undefined> {
  const { knownAccess } = deps
  const known = await knownAccess.findKey(id)
  if (!known || proves(deps, known, hash)) return known
  // Another process may have rotated the key less than a second ago. A wrong secret costs a query, as an unknown id does.
  const key = await knownAccess.readKey(id)
  if (!key || !proves(deps, key, hash)) return undefined
  knownAccess.forget(id)
  return key
}

/**
 * Looks once more at the key of an actor that began an upload or made a link. Returns what the actor may do now; undefined when
 * it has no key. Throws `access-key-revoked` or `access-key-expired` when the key has ended since. `name` as in `Actor`.
 */
export async function insistOnKeyOf(deps: Deps, name: string | null): Promise<Actor | undefined> {
  const [, id] = NAME.exec(name ?? '') ?? []
  if (id === undefined) return undefined
  if (deps.config.access.adminKeys.some((key) => key.id === id)) return adminActor(id)
  const key = await deps.knownAccess.findKey(id)
  if (!key) throw accessKeyRevoked()
  insistOnLife(deps, key)
  return toActor(key)
}

function proves({ clock }: Deps, key: AccessKeyHashes, hash: Buffer): boolean {
  if (timingSafeEqual(key.secretHash, hash)) return true
  const { previousHash, previousUntil } = key
  if (previousHash === null || previousUntil === null) return false
  return timingSafeEqual(previousHash, hash) && Date.parse(previousUntil) > clock.now() * 1000
}

function insistOnLife({ clock }: Deps, { revokedAt, expiresAt }: AccessKey): void {
  if (revokedAt !== null) throw accessKeyRevoked()
  if (expiresAt !== null && Date.parse(expiresAt) <= clock.now() * 1000) throw accessKeyExpired()
}

const toActor = ({ id, scopes, reach, expiresAt, ...key }: AccessKey & AccessKeyUse): Actor => ({
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
  expiresAt,
})

const adminActor = (id: string): Actor => ({
  kind: 'key',
  name: `key:${id}`,
  scopes: ['admin'],
  reach: everyFile,
  expiresAt: null,
})
