import {
  type AccessKeyChanges,
  changeAccessKey,
  endUploadsOf,
  revokeAccessKeys,
} from '../../database/rows/accessKeyChanges.ts'
import { findKeyInside, insertAccessKey, listAccessKeys } from '../../database/rows/accessKeys.ts'
import type { Deps } from '../../deps.ts'
import { keyNotFound, keyRevoked } from '../../errors/access.ts'
import type { AccessKey } from '../../model/accessKey.ts'
import type { Actor, Reach, Scope } from '../../model/actor.ts'
import { newCredential, newSecret } from '../../runtime/credentialText.ts'
import { parseKeyName, parsePatterns, parsePrefix } from './keyFields.ts'
import { excessOf, insistOnRights } from './rights.ts'

/** What the functions about keys need: the service has all of it, a command makes it. */
export interface KeyDeps extends Pick<Deps, 'db'> {
  readonly sweeper: Pick<Deps['sweeper'], 'soon'>
  readonly knownAccess: Pick<Deps['knownAccess'], 'forget'>
}

/** The fields of a key that somebody chooses. What a new key is not given is that of its maker. */
export interface KeyFields {
  readonly name?: string | undefined
  readonly scopes?: readonly Scope[] | undefined
  readonly buckets?: readonly string[] | undefined
  readonly prefix?: string | undefined
  /** Null means never. */
  readonly expiresAt?: string | null | undefined
}

/** A key with its text, which is shown once and kept nowhere. */
export interface ShownKey {
  readonly key: AccessKey
  readonly text: string
}

/**
 * Makes a key. `isFirst` says that it is the first one: an open service is closed from now on. Throws `scope-exceeded`,
 * `key-properties-invalid`, `key-name-taken`, and `access-key-revoked` when the maker was revoked meanwhile.
 */
export async function createKey(
  { db, knownAccess }: KeyDeps,
  actor: Actor,
  fields: KeyFields & { readonly name: string; readonly scopes: readonly Scope[] },
): Promise<ShownKey & { readonly isFirst: boolean }> {
  const { name, ...rights } = choose(fields, { ...actor, name: fields.name })
  insistOnRights(actor, rights)
  const { id, hash, text } = newCredential('key')
  const made = await insertAccessKey(db, { id, name, ...rights, createdBy: actor.name, secretHash: hash })
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
 * `key-properties-invalid` and `scope-exceeded`.
 */
export const changeKey = (deps: KeyDeps, actor: Actor, id: string, fields: KeyFields): Promise<AccessKey> =>
  change(deps, actor, id, (before) => {
    const after = choose(fields, before)
    if (excessOf(before, after) !== undefined) insistOnRights(actor, after)
    return after
  })

/** How long the old secret of a rotated key is good for, if nobody says otherwise. */
export const defaultOverlapSeconds = 86_400

/**
 * Gives a key another secret, within the rights of the actor, who sees it. The old secret is good for another `overlapSeconds`,
 * and an older one ends at once. Throws `key-not-found`, `key-revoked` and `scope-exceeded`.
 */
export async function rotateKey(
  deps: KeyDeps,
  actor: Actor,
  { id, overlapSeconds }: { readonly id: string; readonly overlapSeconds: number },
): Promise<ShownKey> {
  const { text, hash } = newSecret('key', id)
  const key = await change(deps, actor, id, (before) => {
    if (before.revokedAt !== null) throw keyRevoked()
    insistOnRights(actor, before)
    return { secret: { hash, overlapSeconds } }
  })
  return { key, text }
}

/**
 * Revokes a key for good, and ends the uploads that it announced; with `descendants`, also the keys that it made, and so on. A
 * key that was revoked before is no error. Returns the ids of the keys. Throws `key-not-found`.
 */
export async function revokeKey(
  { db, sweeper, knownAccess }: KeyDeps,
  { reach }: Actor,
  { id, descendants }: { readonly id: string; readonly descendants: boolean },
): Promise<readonly string[]> {
  const ids = await revokeAccessKeys(db, { id, reach, descendants })
  if (ids.length === 0) throw keyNotFound()
  ids.forEach(knownAccess.forget)
  // Afterwards: no upload whose bytes are just being committed delays the end of a key that leaked.
  sweeper.soon(await endUploadsOf(db, ids))
  return ids
}

/** Changes a key inside the actor's reach. Throws what `changeAccessKey` throws. */
async function change(
  { db, knownAccess }: KeyDeps,
  { reach }: Actor,
  id: string,
  choosing: (before: AccessKey) => AccessKeyChanges,
): Promise<AccessKey> {
  try {
    return await changeAccessKey(db, { id, reach }, choosing)
  } finally {
    knownAccess.forget(id) // also after a failure: the connection may have broken behind the commit
  }
}

/** The name and rights with the fields that are given instead. Throws `key-properties-invalid`. */
function choose(
  { name, scopes, buckets, prefix, expiresAt }: KeyFields,
  before: Pick<AccessKey, 'name' | 'scopes' | 'reach' | 'expiresAt'>,
): Pick<AccessKey, 'name' | 'scopes' | 'reach' | 'expiresAt'> {
  const reach: Reach = {
    buckets: buckets === undefined ? before.reach.buckets : parsePatterns(buckets),
    prefix: prefix === undefined ? before.reach.prefix : parsePrefix(prefix),
  }
  return {
    name: name === undefined ? before.name : parseKeyName(name),
    scopes: scopes === undefined ? before.scopes : [...new Set(scopes)],
    reach,
    expiresAt: expiresAt === undefined ? before.expiresAt : expiresAt,
  }
}
