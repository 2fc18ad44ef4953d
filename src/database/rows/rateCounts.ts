import { sql } from 'kysely'
import type { RateCount } from '../../model/rates.ts'
import type { Database } from '../schema.ts'

/**
 * Adds counts to those of other processes. Returns the sums: of the subjects in these minutes, and in the minutes before them.
 * No subject may be there twice for one minute.
 */
export async function addRateCounts(db: Database, counts: readonly RateCount[]): Promise<RateCount[]> {
  const subjects = counts.map(({ subject }) => subject)
  const minutes = counts.map(({ minute }) => minute)
  const requests = counts.map((count) => count.requests)
  // In one order: two processes that lock the same rows would wait for each other.
  const { rows } = await sql<RateCount>`
    with own as (
      select * from unnest(${minutes}::int[], ${subjects}::text[], ${requests}::bigint[]) own (minute, subject, used)
    ), added as (
      insert into rate_counts (minute, subject, used) select * from own order by minute, subject
      on conflict (minute, subject) do update set used = rate_counts.used + excluded.used
      returning minute, subject, used
    )
    select minute, subject, used as requests from added
    union all
    select c.minute, c.subject, c.used from own
    join rate_counts c on c.minute = own.minute - 1 and c.subject = own.subject
    where not exists (select from own sent where sent.minute = c.minute and sent.subject = c.subject)
  `.execute(db)
  return rows
}

/** Deletes the counts of minutes that no window reaches into any more. Returns their number. */
export async function deleteOldRateCounts(db: Database): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('rate_counts')
    .where('minute', '<', sql<number>`floor(extract(epoch from now()) / 60)::int - 2`)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
