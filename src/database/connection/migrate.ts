import { promises as fs } from 'node:fs'
import path from 'node:path'
import { sql } from 'kysely'
import { FileMigrationProvider, type MigrationResultSet, Migrator } from 'kysely/migration'
import type { Database } from '../schema.ts'
import { isForbidden } from './failures.ts'

const migrationFolder = path.resolve(import.meta.dirname, '../../../migrations')

const migratorOf = (db: Database) =>
  new Migrator({ db, provider: new FileMigrationProvider({ fs, path, migrationFolder }) })

/**
 * Applies all pending migrations in one transaction. Returns their names. Throws what the database throws; with the statement
 * for an administrator when the role may not make tables.
 */
export async function migrateUp(db: Database): Promise<string[]> {
  try {
    return applied(await migratorOf(db).migrateToLatest())
  } catch (error) {
    throw isForbidden(error) ? await explainForbidden(db, error) : error
  }
}

/** PostgreSQL lets only the owner of a database make tables in its schema `public`. */
async function explainForbidden(db: Database, cause: unknown): Promise<Error> {
  const { rows } = await sql<{ role: string }>`select quote_ident(current_user) as role`.execute(db)
  return new Error(
    `The role may not make tables in this database: as its owner, run: grant create on schema public to ${rows[0]?.role}`,
    { cause },
  )
}

/** Reverts the newest applied migration. Returns its name, or no name when none is applied. */
export const migrateDown = async (db: Database) => applied(await migratorOf(db).migrateDown())

/** All known migrations in their order; `appliedAt` is undefined for a pending one. */
export async function listMigrations(db: Database): Promise<{ name: string; appliedAt: Date | undefined }[]> {
  const migrations = await migratorOf(db).getMigrations()
  return migrations.map(({ name, executedAt }) => ({ name, appliedAt: executedAt }))
}

function applied({ error, results = [] }: MigrationResultSet): string[] {
  // The migrations share one transaction: when one of them failed, those with the status "Success" were rolled back too.
  if (error !== undefined) throw error
  return results.map((result) => result.migrationName)
}
