import { type Kysely, sql } from 'kysely'

/** An upload in parts knows which list of parts completes it, so that no other list is taken for the same. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Null for an upload that is still open, and for one that a version without this column completed.
  await sql`alter table uploads add column parts_digest bytea check (length(parts_digest) = 32)`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table uploads drop column parts_digest`.execute(db)
}
