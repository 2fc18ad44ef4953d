import { type RawBuilder, type Selectable, sql } from 'kysely'
import { keyNameTaken } from '../../errors/access.ts'
import type { AccessKey, AccessKeyHashes, AccessKeyUse } from '../../model/accessKey.ts'
import type { Actor, Reach } from '../../model/actor.ts'
import type { Database, DatabaseTransaction, Schema } from '../schema.ts'
import { requestsOfMonth } from './keyMonths.ts'
import { toLikePatterns } from './reach.ts'

/** A key before it is made; the database adds the other fields. */
export type NewAccessKey = Omit<AccessKey, 'createdAt' | 'revokedAt' | 'lastUsedAt'> &
  Pick<AccessKeyHashes, 'secretHash'>

/** Writes to the audit log what a transaction does to a key. */
export type AuditedKey<Key = AccessKey> = (trx: DatabaseTransaction, key: Key) => Promise<void>

/**
 * Judges in a transaction about keys what its actor may do now, and returns that. `others` are the ids of the keys that it
 * touches first.
 */
export type JudgedActor = (trx: DatabaseTransaction, others: readonly string[]) => Promise<Actor>

/** The key of this id, also when it was revoked or has expired; undefined when there is none. */
export async function findAccessKey(
  db: Database,
  id: string,
): Promise<(AccessKey & AccessKeyHashes & AccessKeyUse) | undefined> {
  const row = await db
    .selectFrom('access_keys')
    .selectAll()
    .select(requestsOfMonth.as('requests_of_month'))
    .where('id', '=', id)
    .executeTakeFirst()
  return row && { ...toAccessKey(row), ...toHashes(row), requestsOfMonth: row.requests_of_month }
}

/** The key of this id or name, if it lies inside the reach; undefined when there is none. */
export async function findKeyInside(
  db: Database,
  reach: Reach,
  [column, value]: readonly ['id' | 'name', string],
): Promise<AccessKey | undefined> {
  const row = await db
    .selectFrom('access_keys')
    .selectAll()
    .where(column, '=', value)
    .where(liesInside(reach))
    .executeTakeFirst()
  return row && toAccessKey(row)
}

/** At most `limit` keys inside the reach with names after `after`, sorted by code point. */
export async function listAccessKeys(
  db: Database,
  { reach, after, limit }: { readonly reach: Reach; readonly after: string; readonly limit: number },
): Promise<AccessKey[]> {
  const name = sql<string>`name collate "C"`
  const rows = await db
    .selectFrom('access_keys')
    .selectAll()
    .where(name, '>', after)
    .where(liesInside(reach))
    .orderBy(name)
    .limit(limit)
    .execute()
  return rows.map(toAccessKey)
}

/**
 * Inserts the key that `choose` makes for the actor as it is now; the first key closes the service, in the same transaction.
 * `judged` locks the row of the maker, so that a revocation sees either all keys of the maker or comes first. Throws
 * `key-name-taken`, and what `judged` and `choose` throw.
 */
export const insertAccessKey = (
  db: Database,
  judged: JudgedActor,
  choose: (actor: Actor) => NewAccessKey,
  audited: AuditedKey,
): Promise<{ key: AccessKey; isFirst: boolean }> =>
  db.transaction().execute(async (trx) => {
    const { reach, ...key } = choose(await judged(trx, []))
    const row = await trx
      .insertInto('access_keys')
      .values({
        id: key.id,
        name: key.name,
        secret_hash: key.secretHash,
        scopes: [...key.scopes],
        buckets: [...reach.buckets],
        prefix: reach.prefix,
        rate_per_minute: key.ratePerMinute,
        requests_per_month: key.requestsPerMonth,
        created_by: key.createdBy,
        expires_at: key.expiresAt,
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!row) throw keyNameTaken(key.name)
    await audited(trx, toAccessKey(row))
    const { numUpdatedRows } = await trx
      .updateTable('access_state')
      .set({ locked_at: sql<string>`now()` })
      .where('locked_at', 'is', null)
      .executeTakeFirst()
    return { key: toAccessKey(row), isFirst: numUpdatedRows > 0 }
  })

/**
 * Whether every file that a key reaches is one of this reach: the condition of all statements about keys. An asterisk of the key
 * is a character that only an asterisk of the reach takes.
 */
export const liesInside = ({ buckets, prefix }: Reach): RawBuilder<boolean> => sql<boolean>`
  starts_with(prefix, ${prefix})
  and (select bool_and(pattern like any(${toLikePatterns(buckets)}::text[])) from unnest(buckets) pattern)`

/** The key that a row holds. */
export const toAccessKey = (row: Selectable<Schema['access_keys']>): AccessKey => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes,
  reach: { buckets: row.buckets, prefix: row.prefix },
  ratePerMinute: row.rate_per_minute,
  requestsPerMonth: row.requests_per_month,
  createdBy: row.created_by,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  lastUsedAt: row.last_used_at,
})

/** The hashes that a row holds. */
export const toHashes = (row: Selectable<Schema['access_keys']>): AccessKeyHashes => ({
  secretHash: row.secret_hash,
  previousHash: row.previous_hash,
  previousUntil: row.previous_until,
})
