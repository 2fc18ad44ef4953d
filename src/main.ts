#!/usr/bin/env node
import { fsck } from './cli/fsck.ts'
import { migrate } from './cli/migrate.ts'
import { migrateStorage } from './cli/migrateStorage.ts'
import { serve } from './cli/serve.ts'
import { packageVersion } from './runtime/packageVersion.ts'

/** A command: takes the words after its name, resolves with the exit code. */
export type Command = (words: readonly string[]) => Promise<number>

const commands: Readonly<Record<string, Command>> = {
  serve,
  migrate,
  fsck,
  'migrate-storage': migrateStorage,
}

const usage = `upfile ${packageVersion}, a file service

  upfile serve                    run the service (the default)
  upfile migrate up|down|status   change or show the database's schema
  upfile fsck [--deep]            check files, blobs and stored bytes against each other
  upfile migrate-storage --to volume|s3
                                  move the bytes of all files to the other storage

Every command has --help. Settings come from the environment: see .env.example.
`

async function main([name = 'serve', ...words]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage)
    return 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command) return await command(words)
  process.stderr.write(`upfile: there is no command "${name}"\n\n${usage}`)
  return 2
}

/** What failed, and in brackets why, unless that is said already. */
function toText(error: unknown): string {
  if (!Error.isError(error)) return String(error)
  const cause = error.cause === undefined ? '' : toText(error.cause)
  return error.message.includes(cause) ? error.message : `${error.message} (${cause})`
}

const PATIENCE_MILLISECONDS = 3000

main(process.argv.slice(2))
  .then(
    (code) => {
      process.exitCode = code
    },
    (error: unknown) => {
      process.stderr.write(`upfile: ${toText(error)}\n`)
      process.exitCode = 1
    },
  )
  .finally(() => {
    // Everything is closed. A request that was cut, and hangs on a disk or a network, must not keep the process.
    setTimeout(() => process.exit(), PATIENCE_MILLISECONDS).unref()
  })
