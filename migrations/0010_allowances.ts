import { type Kysely, sql } from 'kysely'

/** Limits for all files of a bucket together, and the room that uploads take before their first byte. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const event of events) {
    await sql`drop trigger ${sql.ref(`count_${event.name}`)} on files`.execute(db)
    await sql`drop function ${sql.ref(`count_${event.name}`)}()`.execute(db)
  }
  await sql`drop index files_trash`.execute(db)
  for (const table of ['reservations', 'allowances']) await sql`drop table ${sql.table(table)}`.execute(db)
}

/** The transition tables of each event: PostgreSQL gives them to triggers for one event only. */
const events = [
  {
    name: 'inserted',
    when: 'insert',
    tables: 'new table as gained',
    rows: `select 1 as sign, * from gained`,
  },
  { name: 'deleted', when: 'delete', tables: 'old table as lost', rows: `select -1 as sign, * from lost` },
  {
    name: 'updated',
    when: 'update',
    tables: 'old table as lost new table as gained',
    rows: `select 1 as sign, * from gained union all select -1, * from lost`,
  },
]

/**
 * Counts the files of a statement in the allowances of their subjects, so that no statement can forget to. A subject without
 * limits has no row, and costs one look-up. Rows are locked in the order of their ids.
 */
const countingFunction = ({ name, rows }: (typeof events)[number]) => `
  create function count_${name}() returns trigger language plpgsql as $$
  declare
    change record;
  begin
    for change in
      select a.id, c.bytes, c.files, c.deleted_bytes
      from (
        select subject,
          coalesce(sum(sign * size) filter (where deleted_at is null), 0) as bytes,
          coalesce(sum(sign) filter (where deleted_at is null), 0) as files,
          coalesce(sum(sign * size) filter (where deleted_at is not null), 0) as deleted_bytes
        from (${rows}) f, lateral (values ('bucket:' || bucket), (created_by)) s (subject)
        group by subject
      ) c
      join allowances a on a.subject = c.subject
      where c.bytes <> 0 or c.files <> 0 or c.deleted_bytes <> 0
      order by a.id
    loop
      update allowances set used_bytes = used_bytes + change.bytes, used_files = used_files + change.files,
        deleted_bytes = deleted_bytes + change.deleted_bytes where id = change.id;
    end loop;
    return null;
  end $$`

const statements = [
  // How much the files of a subject, as 'bucket:photos', may have together, and have. Only a subject with limits has a row.
  // used: live files. deleted_bytes: files that are marked as deleted. reserved: what running and announced uploads will have.
  // ready: the files that were there before the row are counted, too.
  `create table allowances (
    id bigint generated always as identity primary key,
    subject text not null unique,
    max_bytes bigint check (max_bytes > 0),
    max_files bigint check (max_files > 0),
    used_bytes bigint not null default 0,
    used_files bigint not null default 0,
    deleted_bytes bigint not null default 0,
    reserved_bytes bigint not null default 0,
    reserved_files bigint not null default 0,
    ready boolean not null default false,
    check (max_bytes is not null or max_files is not null)
  ) with (fillfactor = 50)`,

  // Room that an upload holds until its commit. allowances: ids, which a limit that was removed and set again does not get back.
  `create table reservations (
    id uuid primary key,
    allowances bigint[] not null,
    bytes bigint not null check (bytes >= 0),
    files smallint not null check (files in (0, 1)),
    expires_at timestamptz not null
  )`,
  `create index reservations_expires_at on reservations (expires_at)`,

  // The trash of a bucket with a limit of bytes, the longest deleted file first.
  `create index files_trash on files (bucket, deleted_at, id) include (size) where deleted_at is not null`,

  ...events.map(countingFunction),
  ...events.map(
    ({ name, when, tables }) => `create trigger count_${name} after ${when} on files
      referencing ${tables} for each statement execute function count_${name}()`,
  ),
]
