import { loadConfig } from '../config.ts'
import { listMigrations, migrateDown, migrateUp } from '../database/connection/migrate.ts'
import type { Database } from '../database/schema.ts'
import { withDatabase } from './start/withDatabase.ts'

const help = `upfile migrate up|down|status

  up      apply every migration that is not applied yet
  down    take the newest one back; the tables it made go, with everything in them
  status  list the migrations and when they were applied
`

const actions: Readonly<Record<string, (db: Database) => Promise<string[]>>> = {
  up: async (db) => sentences(await migrateUp(db), 'Applied'),
  down: async (db) => sentences(await migrateDown(db), 'Took back'),
  status: async (db) => {
    const migrations = await listMigrations(db)
    return migrations.map(
      ({ name, appliedAt }) => `${appliedAt ? appliedAt.toISOString() : 'pending'.padEnd(24)}  ${name}`,
    )
  },
}

/** Changes or shows the schema. Resolves with the exit code. */
export async function migrate([word, ...rest]: readonly string[]): Promise<number> {
  const action = word !== undefined && Object.hasOwn(actions, word) ? actions[word] : undefined
  if (word === '--help' || !action || rest.length > 0) {
    const asked = word === '--help' || rest.includes('--help')
    ;(asked ? process.stdout : process.stderr).write(help)
    return asked ? 0 : 2
  }
  return await withDatabase(loadConfig(process.env), async ({ db }) => {
    for (const line of await action(db)) process.stdout.write(`${line}\n`)
    return 0
  })
}

const sentences = (names: readonly string[], verb: string) =>
  names.length === 0 ? ['Nothing to do.'] : names.map((name) => `${verb} ${name}.`)
