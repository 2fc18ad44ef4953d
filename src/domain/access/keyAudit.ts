import { insertAuditEntry } from '../../database/rows/audit.ts'
import type { DatabaseTransaction } from '../../database/schema.ts'
import type { AccessKey } from '../../model/accessKey.ts'
import type { Actor } from '../../model/actor.ts'
import type { AuditAction, Origin } from '../../model/audit.ts'

type KeyAction = Extract<AuditAction, `key-${string}`>
type Details = Readonly<Record<string, unknown>>

/** The function that writes to the audit log what an actor does to keys, in the transaction that does it. */
export const keyAudit =
  (actor: Actor, origin: Origin, action: KeyAction) =>
  (
    trx: DatabaseTransaction,
    { id, reach }: Pick<AccessKey, 'id' | 'reach'>,
    details: Details,
  ): Promise<void> =>
    insertAuditEntry(trx, actor, origin, { action, target: `key:${id}`, details, reach })

/** What a key may do, in the words of the API. */
export const detailsOf = (key: AccessKey): Details => ({
  name: key.name,
  scopes: key.scopes,
  buckets: key.reach.buckets,
  prefix: key.reach.prefix,
  rate_per_minute: key.ratePerMinute,
  requests_per_month: key.requestsPerMonth,
  expires_at: key.expiresAt,
})

/** The details that are others than before. */
export function changedDetails(after: AccessKey, before: AccessKey): Details {
  const old = detailsOf(before)
  const isChanged = ([name, value]: [string, unknown]) => JSON.stringify(value) !== JSON.stringify(old[name])
  return Object.fromEntries(Object.entries(detailsOf(after)).filter(isChanged))
}
