import { promises as fs } from 'node:fs'
import path from 'node:path'
import { FileMigrationProvider, type MigrationResultSet, Migrator } from 'kysely/migration'
import type { Database } from '../schema.ts'

const migrationFolder = path.resolve(import.meta.dirname, '../../../migrations')

const migratorOf = (db: Database) =>
  new Migrator({ db, provider: new FileMigrationProvider({ fs, path, migrationFolder }) })

/** Applies every pending migration, all in one transaction. Returns the names of those applied. */
export const migrateUp = async (db: Database) => applied(await migratorOf(db).migrateToLatest())

/** Takes the newest applied migration back. Returns its name, if there was one. */
export const migrateDown = async (db: Database) => applied(await migratorOf(db).migrateDown())

/** Every known migration, and when it was applied. */
export async function listMigrations(db: Database): Promise<{ name: string; appliedAt: Date | undefined }[]> {
  const migrations = await migratorOf(db).getMigrations()
  return migrations.map(({ name, executedAt }) => ({ name, appliedAt: executedAt }))
}

function applied({ error, results = [] }: MigrationResultSet): string[] {
  // They share one transaction, so a "Success" of one means nothing when another failed.
  if (error !== undefined) throw error
  return results.map((result) => result.migrationName)
}
