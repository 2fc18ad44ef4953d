import { loadConfig } from '../config.ts'
import { listMigrations, migrateDown, migrateUp } from '../database/connection/migrate.ts'
import type { Database } from '../database/schema.ts'
import type { Command } from './command.ts'
import { withDatabase } from './start/withDatabase.ts'

/** Changes or shows the schema of the database. */
export const migrate: Command = {
  name: 'migrate',
  usage: 'up|down|status',
  summary: "change or show the database's schema",
  help: `  up      apply every migration that is not applied yet
  down    take the newest migration back; its tables go, with everything in them
  status  list the migrations and when each was applied
`,
  options: {},
  words: 1,
  run({ words: [word = ''] }) {
    const action = Object.hasOwn(actions, word) ? actions[word] : undefined
    if (action) return printLines(action, { create: word === 'up' })
    const choices = Object.keys(actions).join(', ')
    return word === '' ? `say one of ${choices}` : `"${word}" is none of ${choices}`
  },
}

type Action = (db: Database) => Promise<string[]>

const actions: Readonly<Record<string, Action>> = {
  up: async (db) => toSentences(await migrateUp(db), 'Applied'),
  down: async (db) => toSentences(await migrateDown(db), 'Took back'),
  status: async (db) => {
    const migrations = await listMigrations(db)
    return migrations.map(
      ({ name, appliedAt }) => `${appliedAt ? appliedAt.toISOString() : 'pending'.padEnd(24)}  ${name}`,
    )
  },
}

const printLines = async (action: Action, making: { create: boolean }) =>
  await withDatabase(loadConfig(process.env), making, async ({ db }) => {
    for (const line of await action(db)) process.stdout.write(`${line}\n`)
    return 0
  })

const toSentences = (names: readonly string[], verb: string) =>
  names.length === 0 ? ['Nothing to do.'] : names.map((name) => `${verb} ${name}.`)
