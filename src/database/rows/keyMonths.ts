import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../schema.ts'

/** The requests of a key since its last use was written. */
export interface KeyUse {
  readonly keyId: string
  readonly requests: number
}

const thisMonth = sql`date_trunc('month', now() at time zone 'UTC')::date`

/** Adds requests to the current month of each key, and writes that the keys were used now. Keys that are gone are left out. */
export async function addKeyUses(db: Database, uses: readonly KeyUse[]): Promise<void> {
  const ids = uses.map(({ keyId }) => keyId)
  const requests = uses.map((use) => use.requests)
  // In one order: two processes that lock the same rows would wait for each other.
  await sql`
    with own as (
      select k.id, own.requests from unnest(${ids}::text[], ${requests}::bigint[]) own (id, requests)
      join access_keys k on k.id = own.id order by k.id for no key update of k
    ), used as (
      update access_keys k set last_used_at = now() from own where k.id = own.id
    )
    insert into key_months (key_id, month, requests) select id, ${thisMonth}, requests from own order by id
    on conflict (key_id, month) do update set requests = key_months.requests + excluded.requests
  `.execute(db)
}

/** The requests of a key in the current month, as far as they were written: an expression for a row of `access_keys`. */
export const requestsOfMonth: RawBuilder<number> = sql<number>`
  coalesce((select requests from key_months where key_id = access_keys.id and month = ${thisMonth}), 0)
`
