import { type Kysely, sql } from 'kysely'

/** Buckets with rules, files that have their name to themselves, uploads that clients announce before they send them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table installation drop column link_secret`.execute(db)
  for (const table of ['upload_parts', 'uploads']) await sql`drop table ${sql.table(table)}`.execute(db)
  await sql`drop index files_named`.execute(db)
  await sql`alter table files drop column named`.execute(db)
  await sql`drop table buckets`.execute(db)
}

const statements = [
  `create table buckets (
    name text primary key,
    visibility text not null default 'private' check (visibility in ('private', 'public')),
    links text not null default 'direct' check (links in ('direct', 'service')),
    max_file_size bigint check (max_file_size > 0),
    allowed_types text[] not null default '{}',
    expires_in_seconds bigint check (expires_in_seconds > 0),
    created_at timestamptz(3) not null default now(),
    updated_at timestamptz(3) not null default now()
  )`,
  `insert into buckets (name) select 'default' union select distinct bucket from files`,
  // At most one live named file has a name in a bucket.
  `alter table files add column named boolean not null default false`,
  `create unique index files_named on files (bucket, name) where named and deleted_at is null`,

  // Signs links where no LINK_SECRETS are set.
  `alter table installation add column link_secret text`,

  // An announced file, under its future id. After the file exists, `expires_at` is null and `status` is the application's.
  // storage_key: where a client writes on S3; s3_upload_id: what S3 calls its parts.
  `create table uploads (
    id uuid primary key,
    bucket text not null references buckets (name) on delete cascade,
    name text not null,
    declared_type text not null,
    size bigint check (size > 0),
    sha256 bytea check (length(sha256) = 32),
    metadata json not null default '{}',
    parts boolean not null,
    storage_key text,
    s3_upload_id text,
    status text not null default 'pending'
      check (status in ('pending', 'uploaded', 'processing', 'completed', 'failed')),
    created_at timestamptz(3) not null default now(),
    updated_at timestamptz(3) not null default now(),
    expires_at timestamptz(3)
  )`,
  `create index uploads_expires_at on uploads (expires_at)`,
  `create index uploads_bucket on uploads (bucket)`,

  // Parts that the service received itself. Their storage keys stay in intents until the upload is complete.
  `create table upload_parts (
    upload_id uuid not null references uploads (id) on delete cascade,
    number integer not null check (number between 1 and 10000),
    storage_key text not null unique,
    size bigint not null check (size >= 0),
    md5 bytea not null check (length(md5) = 16),
    created_at timestamptz(3) not null default now(),
    primary key (upload_id, number)
  )`,
]
