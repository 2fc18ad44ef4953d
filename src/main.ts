#!/usr/bin/env node
import { runCommand } from './cli/command.ts'
import { fsck } from './cli/fsck.ts'
import { migrate } from './cli/migrate.ts'
import { migrateStorage } from './cli/migrateStorage.ts'
import { serve } from './cli/serve.ts'

const commands = [serve, migrate, fsck, migrateStorage]

/** The message of an error, and in brackets that of its cause unless the message holds it already. */
function toText(error: unknown): string {
  if (!Error.isError(error)) return String(error)
  const cause = error.cause === undefined ? '' : toText(error.cause)
  return error.message.includes(cause) ? error.message : `${error.message} (${cause})`
}

const EXIT_MILLISECONDS = 3000

const [name = 'serve', ...words] = process.argv.slice(2)
runCommand(commands, [name, ...words])
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
    setTimeout(() => process.exit(), EXIT_MILLISECONDS).unref()
  })
