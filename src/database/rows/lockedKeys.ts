import { sql } from 'kysely'
import type { AccessKey, AccessKeyHashes } from '../../model/accessKey.ts'
import type { DatabaseTransaction } from '../schema.ts'
import { toAccessKey, toHashes } from './accessKeys.ts'

/** A key that no other transaction changes meanwhile. */
export interface LockedKey extends AccessKey, AccessKeyHashes {
  readonly hasExpired: boolean
}

/** Locks keys until the transaction ends. An id that no key has is left out. */
export async function lockKeys(trx: DatabaseTransaction, ids: readonly string[]): Promise<LockedKey[]> {
  const rows = await trx
    .selectFrom('access_keys')
    .selectAll()
    .select(sql<boolean>`coalesce(expires_at <= clock_timestamp(), false)`.as('has_expired'))
    .where('id', 'in', ids)
    .orderBy('id') // in one order: two keys that change each other would wait for each other
    .forUpdate()
    .execute()
  return rows.map((row) => ({ ...toAccessKey(row), ...toHashes(row), hasExpired: row.has_expired }))
}
