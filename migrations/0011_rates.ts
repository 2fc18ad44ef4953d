import { type Kysely, sql } from 'kysely'

/** Limits of requests: of a minute, and of a month. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['key_months', 'rate_counts']) await sql`drop table ${sql.table(table)}`.execute(db)
  await sql`alter table access_keys drop column rate_per_minute, drop column requests_per_month`.execute(db)
}

const statements = [
  `alter table access_keys
    add column rate_per_minute integer check (rate_per_minute > 0),
    add column requests_per_month bigint check (requests_per_month > 0)`,

  // Of the last minutes, so a crash may empty it. minute: since 1970. subject: '<policy>:<id of a key, or address>'.
  `create unlogged table rate_counts (
    minute integer,
    subject text,
    used bigint not null,
    primary key (minute, subject)
  )`,

  // month: its first day, in UTC.
  `create table key_months (
    key_id text references access_keys on delete cascade,
    month date,
    requests bigint not null,
    primary key (key_id, month)
  )`,
]
