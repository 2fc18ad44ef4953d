import { type Kysely, sql } from 'kysely'

/** The list of buckets is sorted by code point, in which the primary key sorts only in some locales. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index buckets_order on buckets (name collate "C")`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop index buckets_order`.execute(db)
}
