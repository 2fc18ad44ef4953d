import { listMigrations } from '../../database/connection/migrate.ts'
import type { Database } from '../../database/schema.ts'

/**
 * Throws an Error that names the settings unless the database has tables of upfile: in a wrong database a command would make
 * them, and find nothing.
 */
export async function insistOnTables(db: Database): Promise<void> {
  if ((await listMigrations(db)).every(({ appliedAt }) => appliedAt === undefined))
    throw new Error('The database has no tables of upfile: check DATABASE_URL or DB_HOST')
}
