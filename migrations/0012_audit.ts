import { type Kysely, sql } from 'kysely'

/** Who changed keys and rules, and from where. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table audit`.execute(db)
}

const statements = [
  // actor: as 'key:<id>', null where nobody had to say who they are. buckets, prefix: what an admin must reach to see the entry.
  `create table audit (
    id bigint generated always as identity primary key,
    at timestamptz(3) not null default now(),
    actor text,
    action text not null,
    target text not null,
    details json not null default '{}',
    buckets text[] not null default '{*}',
    prefix text not null default '',
    request_id text,
    address text
  )`,
  `create index audit_at on audit (at)`,
  `create index audit_actor on audit (actor, id)`,
  `create index audit_action on audit (action, id)`,
]
