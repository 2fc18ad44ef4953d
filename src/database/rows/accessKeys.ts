import type { Selectable } from 'kysely'
import type { AccessKey, AccessKeyHashes } from '../../model/accessKey.ts'
import type { Database, Schema } from '../schema.ts'

/** The key of this id, also when it was revoked or has expired; undefined when there is none. */
export async function findAccessKey(
  db: Database,
  id: string,
): Promise<(AccessKey & AccessKeyHashes) | undefined> {
  const row = await db.selectFrom('access_keys').selectAll().where('id', '=', id).executeTakeFirst()
  return row && { ...toAccessKey(row), ...toHashes(row) }
}

type Row = Selectable<Schema['access_keys']>

const toAccessKey = (row: Row): AccessKey => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes,
  reach: { buckets: row.buckets, prefix: row.prefix },
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
