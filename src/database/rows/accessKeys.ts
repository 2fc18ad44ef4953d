import type { Selectable } from 'kysely'
import type { AccessKey, AccessKeyHashes, AccessKeyUse } from '../../model/accessKey.ts'
import type { Database, Schema } from '../schema.ts'
import { requestsOfMonth } from './keyMonths.ts'

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

type Row = Selectable<Schema['access_keys']>

const toAccessKey = (row: Row): AccessKey => ({
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

const toHashes = (row: Row): AccessKeyHashes => ({
  secretHash: row.secret_hash,
  previousHash: row.previous_hash,
  previousUntil: row.previous_until,
})
