import { changeAccessKey, endUploadsOf, revokeAccessKeys } from '../../database/rows/accessKeyChanges.ts'
import { findKeyInside, insertAccessKey, listAccessKeys } from '../../database/rows/accessKeys.ts'
import type { Deps } from '../../deps.ts'
import { keyNotFound, keyRevoked } from '../../errors/access.ts'
import type { AccessKey } from '../../model/accessKey.ts'
import type { Actor, Scope } from '../../model/actor.ts'
import type { Origin } from '../../model/audit.ts'
import { newCredential, newSecret } from '../../runtime/credentialText.ts'
import { actorNow } from './actorNow.ts'
import { changedDetails, detailsOf, keyAudit } from './keyAudit.ts'
import { choose, type KeyFields } from './keyChoice.ts'
import { excessOf, insistOnRights, rightsOf } from './rights.ts'

/** What the functions about keys need: the service has all of it, a command makes it. */
export interface KeyDeps extends Pick<Deps, 'db'> {
  readonly sweeper: Pick<Deps['sweeper'], 'soon'>
  readonly knownAccess: Pick<Deps['knownAccess'], 'forget'>
}

/** A key with its text, which is shown once and kept nowhere. */
export interface ShownKey {
  readonly key: AccessKey
  readonly text: string
}

/**
 * Makes a key. `isFirst` says that it is the first one: an open service is closed from now on. Throws `scope-exceeded`,
 * `key-properties-invalid`, `key-name-taken`, and what `actorNow` throws.
 */
export async function createKey(
  { db, knownAccess }: KeyDeps,
  actor: Actor,
  fields: KeyFields & { readonly name: string; readonly scopes: readonly Scope[] },
  origin: Origin,
): Promise<ShownKey & { readonly isFirst: boolean }> {
  const { id, hash, text } = newCredential('key')
  const choosing = (maker: Actor) => {
    const chosen = choose(fields, { ...rightsOf(maker), name: fields.name })
    insistOnRights(maker, chosen)
    return { id, ...chosen, createdBy: maker.name, secretHash: hash }
  }
  const audit = keyAudit(actor, origin, 'key-created')
  const made = await insertAccessKey(db, actorNow(actor), choosing, (trx, key) =>
    audit(trx, key, detailsOf(key)),
  )
  knownAccess.forget(id) // the service may have been open until now
  return { ...made, text }
}

/** Keys inside the actor's reach, at most `limit`, with names after `after`, sorted by code point. */
export const listKeys = (
  { db }: KeyDeps,
  { reach }: Actor,
  page: { readonly after: string; readonly limit: number },
): Promise<AccessKey[]> => listAccessKeys(db, { reach, ...page })

/** The key of this id or name. Throws `key-not-found`, also for a key outside the actor's reach. */
export async function requireKey(
  { db }: KeyDeps,
  { reach }: Actor,
  by: readonly ['id' | 'name', string],
): Promise<AccessKey> {
  const key = await findKeyInside(db, reach, by)
  if (!key) throw keyNotFound()
  return key
}

/**
 * Changes a key. Whoever makes its rights smaller need not have them all. Throws `key-not-found`, `key-name-taken`,
 * `key-properties-invalid`, `scope-exceeded`, and what `actorNow` throws.
 */
export function changeKey(
  deps: KeyDeps,
  actor: Actor,
  { id, ...fields }: KeyFields & { readonly id: string },
  origin: Origin,
): Promise<AccessKey> {
  const audit = keyAudit(actor, origin, 'key-changed')
  const choosing = (before: AccessKey, changer: Actor) => {
    const after = choose(fields, before)
    if (excessOf(before, after) !== undefined) insistOnRights(changer, after)
    return after
  }
  return change(deps, actor, id, choosing, (trx, after, before) =>
    audit(trx, after, changedDetails(after, before)),
  )
}

/** How long the old secret of a rotated key is good for, if nobody says otherwise. */
export const defaultOverlapSeconds = 86_400

/**
 * Gives a key another secret, within the rights of the actor, who sees it. The old secret is good for another `overlapSeconds`,
 * and an older one ends at once. Throws `key-not-found`, `key-revoked`, `scope-exceeded`, and what `actorNow` throws.
 */
export async function rotateKey(
  deps: KeyDeps,
  actor: Actor,
  { id, overlapSeconds }: { readonly id: string; readonly overlapSeconds: number },
  origin: Origin,
): Promise<ShownKey> {
  const { text, hash } = newSecret('key', id)
  const audit = keyAudit(actor, origin, 'key-rotated')
  const choosing = (before: AccessKey, changer: Actor) => {
    if (before.revokedAt !== null) throw keyRevoked()
    insistOnRights(changer, before)
    return { secret: { hash, overlapSeconds } }
  }
  const details = { overlap_seconds: overlapSeconds }
  const key = await change(deps, actor, id, choosing, (trx, after) => audit(trx, after, details))
  return { key, text }
}

/**
 * Revokes a key for good, and ends the uploads that it announced; with `descendants`, also the keys that it made, and so on. A
 * key that was revoked before is no error. Returns the ids of the keys. Throws `key-not-found`, and what `actorNow` throws.
 */
export async function revokeKey(
  { db, sweeper, knownAccess }: KeyDeps,
  actor: Actor,
  { id, descendants }: { readonly id: string; readonly descendants: boolean },
  origin: Origin,
): Promise<readonly string[]> {
  const audit = keyAudit(actor, origin, 'key-revoked')
  const ids = await revokeAccessKeys(db, { id, judged: actorNow(actor), descendants }, (trx, key) =>
    audit(trx, key, {}),
  )
  if (ids.length === 0) throw keyNotFound()
  ids.forEach(knownAccess.forget)
  // Afterwards: no upload whose bytes are just being committed delays the end of a key that leaked.
  sweeper.soon(await endUploadsOf(db, ids))
  return ids
}

type AuditedChange = Parameters<typeof changeAccessKey>[3]

/** Changes a key inside the actor's reach. Throws what `changeAccessKey` throws. */
async function change(
  { db, knownAccess }: KeyDeps,
  actor: Actor,
  id: string,
  ...how: [choose: Parameters<typeof changeAccessKey>[2], audited: AuditedChange]
): Promise<AccessKey> {
  try {
    return await changeAccessKey(db, { id, judged: actorNow(actor) }, ...how)
  } finally {
    knownAccess.forget(id) // also after a failure: the connection may have broken behind the commit
  }
}
