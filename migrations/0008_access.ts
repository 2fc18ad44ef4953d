import { type Kysely, sql } from 'kysely'

/** Access keys, and who made files and uploads. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table uploads drop column created_by`.execute(db)
  await sql`alter table files drop column created_by, drop column changed_by`.execute(db)
  for (const table of ['access_state', 'access_keys']) await sql`drop table ${sql.table(table)}`.execute(db)
}

const statements = [
  // secret_hash: SHA-256 of the whole key, whose secret has 190 random bits. previous_hash: of the key before a rotation.
  `create table access_keys (
    id text primary key check (id ~ '^[0-9A-Za-z]{12}$'),
    name text not null unique,
    secret_hash bytea not null check (length(secret_hash) = 32),
    previous_hash bytea check (length(previous_hash) = 32),
    previous_until timestamptz(3),
    scopes text[] not null check (scopes <@ array['read', 'list', 'write', 'delete', 'admin'] and scopes <> '{}'),
    buckets text[] not null default '{*}' check (buckets <> '{}'),
    prefix text not null default '',
    created_by text,
    created_at timestamptz(3) not null default now(),
    expires_at timestamptz(3),
    revoked_at timestamptz(3),
    last_used_at timestamptz(3)
  )`,
  // Keys that a key made: they may end with it.
  `create index access_keys_created_by on access_keys (created_by) where created_by is not null`,
  // The list of keys is sorted by code point.
  `create index access_keys_order on access_keys (name collate "C")`,

  // One row: when the first key was made. From then on the service is closed, also when that key is revoked.
  `create table access_state (id integer primary key default 1 check (id = 1), locked_at timestamptz(3))`,
  `insert into access_state default values`,

  // As 'key:<id>'; null for files of an open service. Adding a column without a default rewrites no table.
  `alter table files add column created_by text, add column changed_by text`,
  `alter table uploads add column created_by text`,
]
