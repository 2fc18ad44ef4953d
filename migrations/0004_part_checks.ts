import { type Kysely, sql } from 'kysely'

/** Parts are compared with their checks when they are put together, as files are when they are read. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // CRC-32 of each MiB, four bytes each. Unknown for parts that came before.
  await sql`alter table upload_parts add column block_crc32 bytea`.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table upload_parts drop column block_crc32`.execute(db)
}
