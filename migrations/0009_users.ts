import { type Kysely, sql } from 'kysely'

/** The owners of files, and what users may do in a bucket. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table buckets drop column users`.execute(db)
  await sql`alter table uploads drop column owner`.execute(db)
  await sql`alter table files drop column owner`.execute(db) // and its index
}

const statements = [
  // The user whom a file belongs to; null for nobody. Adding a column without a default rewrites no table.
  `alter table files add column owner text`,
  `alter table uploads add column owner text`,
  // A user lists a hundred files among millions of others. Files of nobody are in no list of a user.
  `create index files_owner on files (bucket, owner, created_at, id) where deleted_at is null and owner is not null`,
  `alter table buckets add column users text not null default 'none' check (users in ('none', 'own', 'shared'))`,
]
