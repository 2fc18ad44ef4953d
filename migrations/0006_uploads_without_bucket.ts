import { type Kysely, sql } from 'kysely'

/** A file may be announced to a bucket that does not exist: the first file that is committed makes the bucket. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // A version before this one relied on the key to delete the uploads of a bucket: what it leaves expires.
  await sql`alter table uploads drop constraint uploads_bucket_fkey`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`insert into buckets (name) select distinct bucket from uploads on conflict do nothing`.execute(db)
  await sql`
    alter table uploads add constraint uploads_bucket_fkey
    foreign key (bucket) references buckets (name) on delete cascade
  `.execute(db)
}
