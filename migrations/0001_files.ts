import { type Kysely, sql } from 'kysely'

/** Files, blobs and the protocol's tables: a storage key is in at most one of intents, blobs and trash. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create extension if not exists pg_trgm`.execute(db)
  for (const statement of tables) await sql.raw(statement).execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['idempotency', 'files', 'blobs', 'trash', 'intents', 'installation']) {
    await sql`drop table ${sql.table(table)}`.execute(db)
  }
}

const tables = [
  // Which volume belongs to this database; one row.
  `create table installation (
    id smallint primary key default 1 check (id = 1),
    storage_id uuid not null,
    created_at timestamptz(3) not null default now()
  )`,

  // Bytes may appear under this storage key. The sequence number tells a rolled-back database from a current one.
  `create table intents (
    storage_key text primary key,
    sequence bigint generated always as identity,
    lease_expires_at timestamptz not null,
    created_at timestamptz(3) not null default now()
  )`,
  `create index intents_lease on intents (lease_expires_at)`,

  // Nothing reads these bytes any more; they are removed after the grace that readers get.
  `create table trash (
    storage_key text primary key,
    reason text not null check (reason in ('aborted', 'reaped', 'duplicate', 'unreferenced', 'healed', 'orphan')),
    remove_after timestamptz not null,
    created_at timestamptz(3) not null default now()
  )`,
  `create index trash_remove_after on trash (remove_after)`,

  // A row here means live, complete, durable, immutable. block_crc32: four bytes per MiB, checked when bytes are served.
  `create table blobs (
    id bigint generated always as identity primary key,
    bucket text not null,
    sha256 bytea not null check (length(sha256) = 32),
    sha1 bytea not null check (length(sha1) = 20),
    md5 bytea not null check (length(md5) = 16),
    size bigint not null check (size >= 0),
    storage_key text not null unique,
    block_crc32 bytea not null,
    verified_at timestamptz(3) not null default now(),
    damaged_at timestamptz(3),
    unique (bucket, sha256, size)
  )`,
  `create index blobs_sha1 on blobs (bucket, sha1)`,
  `create index blobs_md5 on blobs (bucket, md5)`,
  `create index blobs_verified_at on blobs (verified_at)`,

  // metadata is json, not jsonb: metadata is returned with the sender's key order and numbers.
  `create table files (
    id uuid primary key,
    bucket text not null,
    name text not null,
    media_type text not null,
    size bigint not null,
    blob_id bigint not null references blobs (id) on delete restrict,
    metadata json not null default '{}',
    version integer not null default 1,
    created_at timestamptz(3) not null default now(),
    updated_at timestamptz(3) not null default now(),
    stored_at timestamptz(3) not null default now(),
    expires_at timestamptz(3),
    deleted_at timestamptz(3)
  )`,
  // How rare a part of a name is decides between two ways of looking for it, a thousandfold apart.
  `alter table files alter column name set statistics 400`,
  `create index files_blob on files (blob_id)`,
  `create index files_created_at on files (bucket, created_at, id) where deleted_at is null`,
  `create index files_name on files (bucket, name collate "C", id) include (expires_at) where deleted_at is null`,
  `create index files_size on files (bucket, size, id) where deleted_at is null`,
  `create index files_type on files (bucket, media_type collate "C") where deleted_at is null`,
  `create index files_name_trigrams on files using gin (name gin_trgm_ops) where deleted_at is null`,
  `create index files_expires_at on files (expires_at) where deleted_at is null and expires_at is not null`,
  `create index files_deleted on files (bucket, created_at, id) where deleted_at is not null`,
  `create index files_deleted_at on files (deleted_at) where deleted_at is not null`,

  `create table idempotency (
    key text primary key,
    fingerprint bytea,
    file_id uuid,
    response json,
    locked_until timestamptz not null,
    created_at timestamptz(3) not null default now()
  )`,
  `create index idempotency_created_at on idempotency (created_at)`,
]
