import { sql } from 'kysely'
import type { FileRecord } from '../../model/file.ts'
import type { Database, DatabaseTransaction, StoredFileRecord } from '../schema.ts'
import { inSeconds, secondsAgo } from './inSeconds.ts'

/** A claimed key, and when its present claim began: a claim that ran out and was taken over began earlier. */
export interface KeyHold {
  readonly key: string
  readonly claimedAt: string
}

/** The state of an Idempotency-Key: claimed for this request now, claimed by another request, or answered before. */
export type IdempotentState =
  | { readonly kind: 'begun'; readonly hold: KeyHold }
  | { readonly kind: 'running' }
  | { readonly kind: 'done'; readonly fingerprint: Buffer; readonly file: FileRecord }

/** Claims a key for one request for `lockSeconds`, or returns the state of the request that claimed the key before. */
export async function beginIdempotent(
  db: Database,
  key: string,
  lockSeconds: number,
): Promise<IdempotentState> {
  // The added millisecond tells a second claim in one millisecond from the first. The statements below find a claim by its time
  // exactly, because the column is timestamptz(3), which has no finer times than the text.
  const { rows } = await sql<{ created_at: string }>`
    insert into idempotency (key, locked_until) values (${key}, ${inSeconds(lockSeconds)})
    on conflict (key) do update set locked_until = excluded.locked_until,
      created_at = greatest(now(), idempotency.created_at + interval '1 millisecond')
    where idempotency.response is null and idempotency.locked_until < now()
    returning created_at
  `.execute(db)
  const [begun] = rows
  if (begun) return { kind: 'begun', hold: { key, claimedAt: begun.created_at } }
  const row = await db
    .selectFrom('idempotency')
    .select(['fingerprint', 'response'])
    .where('key', '=', key)
    .executeTakeFirst()
  if (!row?.response || !row.fingerprint) return { kind: 'running' }
  return { kind: 'done', fingerprint: row.fingerprint, file: parseFileRecord(row.response) }
}

/** Extends a claim, unless another request has taken it over: it lasts `lockSeconds` from now. */
export async function extendIdempotent(
  db: Database,
  { key, claimedAt }: KeyHold,
  lockSeconds: number,
): Promise<void> {
  await db
    .updateTable('idempotency')
    .set({ locked_until: inSeconds(lockSeconds) })
    .where('key', '=', key)
    .where('created_at', '=', claimedAt)
    .where('response', 'is', null)
    .execute()
}

/**
 * Keeps the answer, in the same transaction as the file. False when the claim ran out, and another request took it over: the
 * transaction must not commit.
 */
export async function completeIdempotent(
  trx: DatabaseTransaction,
  { hold: { key, claimedAt }, fingerprint }: { readonly hold: KeyHold; readonly fingerprint: Buffer },
  file: FileRecord,
): Promise<boolean> {
  const completed = await trx
    .updateTable('idempotency')
    .set({ fingerprint, file_id: file.id, response: JSON.stringify(toStored(file)) })
    .where('key', '=', key)
    .where('created_at', '=', claimedAt)
    .where('response', 'is', null)
    .returning('key')
    .executeTakeFirst()
  return completed !== undefined
}

/** Deletes the claim after a refusal, so that the client can send the request again; not the claim of another request. */
export async function forgetIdempotent(db: Database, { key, claimedAt }: KeyHold): Promise<void> {
  await db
    .deleteFrom('idempotency')
    .where('key', '=', key)
    .where('created_at', '=', claimedAt)
    .where('response', 'is', null)
    .execute()
}

/** Deletes at most `atMost` answers that are older than `retentionSeconds`. Returns their number. */
export async function deleteOldIdempotent(
  db: Database,
  retentionSeconds: number,
  atMost: number,
): Promise<number> {
  const isOld = sql<boolean>`created_at < ${secondsAgo(retentionSeconds)} and locked_until < now()`
  const { numDeletedRows } = await db
    .deleteFrom('idempotency')
    .where('key', 'in', (old) => old.selectFrom('idempotency').select('key').where(isOld).limit(atMost))
    .where(isOld) // checked again: another request may have claimed the key since the selection
    .executeTakeFirst()
  return Number(numDeletedRows)
}

const toStored = (file: FileRecord): StoredFileRecord => ({ ...file, metadata: JSON.parse(file.metadata) })

const parseFileRecord = (json: StoredFileRecord): FileRecord => ({
  ...json,
  metadata: JSON.stringify(json.metadata),
  // Missing in answers of earlier versions.
  named: json.named ?? false,
  owner: json.owner ?? null,
  createdBy: json.createdBy ?? null,
})
