import { type Kysely, sql } from 'kysely'

/** Bytes may be in two storages while they move from one to the other. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table copies`.execute(db)
  await sql`alter table intents drop column storage_id`.execute(db)
  await sql`drop table storages`.execute(db)
}

const statements = [
  // One row, or two. complete: every blob is there, so it may be used alone. writable: intents may be for it.
  // installation.storage_id stays what it was: the storage that was complete last.
  `create table storages (
    id uuid primary key,
    complete boolean not null,
    writable boolean not null,
    created_at timestamptz(3) not null default now()
  )`,
  `insert into storages (id, complete, writable) select storage_id, true, true from installation`,

  // Where the bytes are going to be. Unknown for what a version without storages wrote.
  `alter table intents add column storage_id uuid`,

  // What a move has copied and read back, so that a kill costs little.
  `create table copies (
    storage_id uuid not null references storages (id) on delete cascade,
    storage_key text not null,
    primary key (storage_id, storage_key)
  )`,
]
