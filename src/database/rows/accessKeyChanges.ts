import { type RawBuilder, sql } from 'kysely'
import { keyNameTaken, keyNotFound } from '../../errors/access.ts'
import type { AccessKey } from '../../model/accessKey.ts'
import type { Actor } from '../../model/actor.ts'
import type { StorageKey } from '../../model/blob.ts'
import { isDuplicate } from '../connection/failures.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'
import { type AuditedKey, type JudgedActor, liesInside, toAccessKey } from './accessKeys.ts'
import { inSeconds } from './inSeconds.ts'
import { deleteUploadsBy } from './uploadEnds.ts'

/** The changes of one key, at least one; a field that is absent stays as it is. */
export interface AccessKeyChanges
  extends Partial<
    Pick<AccessKey, 'name' | 'scopes' | 'reach' | 'ratePerMinute' | 'requestsPerMonth' | 'expiresAt'>
  > {
  /** A new secret. The old one is good for another `overlapSeconds`; with 0 it ends at once. */
  readonly secret?: { readonly hash: Buffer; readonly overlapSeconds: number }
}

/**
 * Changes the key of this id, if it lies inside the reach of the actor. `choose` gets the key, which no other request changes
 * meanwhile, and the actor as it is now, and returns the changes. Throws `key-not-found`, `key-name-taken`, and what `judged` and
 * `choose` throw.
 */
export const changeAccessKey = (
  db: Database,
  { id, judged }: { readonly id: string; readonly judged: JudgedActor },
  choose: (key: AccessKey, actor: Actor) => AccessKeyChanges,
  audited: (trx: DatabaseTransaction, after: AccessKey, before: AccessKey) => Promise<void>,
): Promise<AccessKey> =>
  db.transaction().execute(async (trx) => {
    const actor = await judged(trx, [id])
    const row = await trx
      .selectFrom('access_keys')
      .selectAll()
      .where('id', '=', id)
      .where(liesInside(actor.reach))
      .forUpdate()
      .executeTakeFirst()
    if (!row) throw keyNotFound()
    const changes = choose(toAccessKey(row), actor)
    const changed = await trx
      .updateTable('access_keys')
      .set(toColumns(changes))
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch((error: unknown) => {
        throw changes.name !== undefined && isDuplicate(error) ? keyNameTaken(changes.name) : error
      })
    await audited(trx, toAccessKey(changed), toAccessKey(row))
    return toAccessKey(changed)
  })

const toColumns = ({ name, scopes, reach, expiresAt, secret, ...limits }: AccessKeyChanges) => ({
  ...(name !== undefined && { name }),
  ...(scopes !== undefined && { scopes: [...scopes] }),
  ...(reach !== undefined && { buckets: [...reach.buckets], prefix: reach.prefix }),
  ...(limits.ratePerMinute !== undefined && { rate_per_minute: limits.ratePerMinute }),
  ...(limits.requestsPerMonth !== undefined && { requests_per_month: limits.requestsPerMonth }),
  ...(expiresAt !== undefined && { expires_at: expiresAt }),
  ...(secret !== undefined && {
    previous_hash: secret.overlapSeconds > 0 ? sql<Buffer>`secret_hash` : null,
    previous_until: secret.overlapSeconds > 0 ? inSeconds(secret.overlapSeconds) : null,
    secret_hash: secret.hash,
  }),
})

/**
 * Revokes the key of this id; with `descendants`, also the keys that it made, those that they made, and so on. Only keys inside
 * the reach of the actor are revoked. Returns the ids, also of keys that were revoked before; empty when there is no such key.
 * Throws what `judged` throws.
 */
export const revokeAccessKeys = (
  db: Database,
  {
    id,
    judged,
    descendants,
  }: { readonly id: string; readonly judged: JudgedActor; readonly descendants: boolean },
  audited: AuditedKey<Pick<AccessKey, 'id' | 'reach'>>,
): Promise<string[]> =>
  db.transaction().execute(async (trx) => {
    const { reach } = await judged(trx, [id])
    let revoked = await revoke(trx, sql`id = ${id} and ${liesInside(reach)}`, audited)
    const ids = [...revoked]
    while (descendants && revoked.length > 0) {
      // A statement of its own: it sees the keys whose insertion had locked their maker until now.
      const made = sql`created_by = any(${revoked.map(toName)}) and ${liesInside(reach)}`
      revoked = await revoke(trx, made, audited)
      ids.push(...revoked)
    }
    return ids
  })

interface RevokedRow {
  readonly id: string
  readonly buckets: string[]
  readonly prefix: string
  readonly was_revoked: boolean
}

/** Locks also the keys that were revoked before: two revocations of one key wait for each other at the first row. */
async function revoke(
  trx: DatabaseTransaction,
  where: RawBuilder<unknown>,
  audited: AuditedKey<Pick<AccessKey, 'id' | 'reach'>>,
): Promise<string[]> {
  const { rows } = await sql<RevokedRow>`
    with before as (select id, revoked_at from access_keys where ${where} for update)
    update access_keys key set revoked_at = coalesce(key.revoked_at, now()) from before where key.id = before.id
    returning key.id, buckets, prefix, before.revoked_at is not null as was_revoked
  `.execute(trx)
  for (const { id, buckets, prefix } of rows.filter((row) => !row.was_revoked))
    await audited(trx, { id, reach: { buckets, prefix } })
  return rows.map(({ id }) => id)
}

/** Deletes the announced uploads of keys, and moves their received bytes into the trash. Returns the keys of those bytes. */
export const endUploadsOf = (db: Database, ids: readonly string[]): Promise<StorageKey[]> =>
  db.transaction().execute((trx) => deleteUploadsBy(trx, ids.map(toName)))

const toName = (id: string) => `key:${id}`
