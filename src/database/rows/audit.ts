import { type Selectable, sql } from 'kysely'
import type { Actor, Reach } from '../../model/actor.ts'
import type { AuditAction, AuditEntry, AuditEvent, Origin } from '../../model/audit.ts'
import type { RatePolicy } from '../../model/rates.ts'
import type { Database, DatabaseTransaction, Schema } from '../schema.ts'
import { secondsAgo } from './inSeconds.ts'
import { toLikePatterns } from './reach.ts'

/** Adds an entry, in the transaction of the change: either both are there, or none. */
export async function insertAuditEntry(
  trx: DatabaseTransaction,
  { name }: Pick<Actor, 'name'>,
  { requestId, address }: Origin,
  { action, target, details, reach }: AuditEvent,
): Promise<void> {
  await trx
    .insertInto('audit')
    .values({
      ...{ actor: name, action, target, address, request_id: requestId },
      ...{ details: JSON.stringify(details), buckets: [...reach.buckets], prefix: reach.prefix },
    })
    .execute()
}

/** Adds an entry about a request that exceeded a limit, unless there is one for this address and minute. */
export async function insertRefusal(
  db: Database,
  { name, reach }: Pick<Actor, 'name' | 'reach'>,
  { requestId, address }: Origin,
  policy: RatePolicy,
): Promise<void> {
  await sql`
    insert into audit (actor, action, target, details, buckets, prefix, request_id, address)
    select ${name}, 'rate-limited', ${`address:${address}`}, ${JSON.stringify({ policy })}::json,
      ${[...reach.buckets]}::text[], ${reach.prefix}, ${requestId}, ${address}
    where not exists (
      select from audit where action = 'rate-limited' and address = ${address} and at >= date_trunc('minute', now())
    )
  `.execute(db)
}

/** Which entries a list has. */
export interface AuditFilter {
  readonly actor?: string | undefined
  readonly action?: AuditAction | undefined
  /** Entries that are older than the one of this id. */
  readonly after?: number | undefined
  readonly limit: number
}

/** At most `limit` entries about files that are all in `reach`, the newest first. */
export async function listAuditEntries(
  db: Database,
  reach: Reach,
  { actor, action, after, limit }: AuditFilter,
): Promise<AuditEntry[]> {
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .where(isWithin(reach))
    .$if(actor !== undefined, (query) => query.where('actor', '=', actor ?? ''))
    .$if(action !== undefined, (query) => query.where('action', '=', sql<AuditAction>`${action}`))
    .$if(after !== undefined, (query) => query.where('id', '<', after ?? 0))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(toAuditEntry)
}

/** Deletes at most `atMost` entries that are older than `retentionSeconds`. Returns their number. */
export async function deleteOldAuditEntries(
  db: Database,
  retentionSeconds: number,
  atMost: number,
): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('audit')
    .where('id', 'in', (old) =>
      old
        .selectFrom('audit')
        .select('id')
        .where('at', '<', secondsAgo(retentionSeconds))
        .orderBy('at')
        .limit(atMost),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** As `coversPattern` for each pattern of the entry: an asterisk of the entry is a character like any other. */
const isWithin = ({ buckets, prefix }: Reach) =>
  sql<boolean>`starts_with(prefix, ${prefix})
    and not exists (select from unnest(buckets) bucket where not bucket like any (${toLikePatterns(buckets)}::text[]))`

const toAuditEntry = (row: Selectable<Schema['audit']>): AuditEntry => ({
  id: row.id,
  at: row.at,
  actor: row.actor,
  action: row.action,
  target: row.target,
  details: row.details,
  requestId: row.request_id,
  address: row.address,
})
