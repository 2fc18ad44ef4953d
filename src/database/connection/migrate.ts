import { promises as fs } from 'node:fs'
import path from 'node:path'
import { FileMigrationProvider, type MigrationResultSet, Migrator } from 'kysely/migration'
import type { Database } from '../schema.ts'

const migrationFolder = path.resolve(import.meta.dirname, '../../../migrations')

const migratorOf = (db: Database) =>
  new Migrator({ db, provider: new FileMigrationProvider({ fs, path, migrationFolder }) })

/** Applies all pending migrations in one transaction. Returns their names. Throws what the database throws. */
export const migrateUp = async (db: Database) => applied(await migratorOf(db).migrateToLatest())

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
