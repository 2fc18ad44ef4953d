import { runCommand } from './command.ts'
import { fsck } from './fsck.ts'
import { keys } from './keys.ts'
import { migrate } from './migrate.ts'
import { migrateStorage } from './migrateStorage.ts'
import { serve } from './serve.ts'

const commands = [serve, migrate, keys, fsck, migrateStorage]

/** The message of an error, and in brackets that of its cause unless the message holds it already. */
function toText(error: unknown): string {
  if (!Error.isError(error)) return String(error)
  const cause = error.cause === undefined ? '' : toText(error.cause)
  return error.message.includes(cause) ? error.message : `${error.message} (${cause})`
}

const EXIT_MILLISECONDS = 3000

/** Runs the command that the first word names, or `serve`. Sets the exit code of the process; never rejects. */
export async function run([name = 'serve', ...words]: readonly string[]): Promise<void> {
  try {
    process.exitCode = await runCommand(commands, [name, ...words])
  } catch (error) {
    process.stderr.write(`upfile: ${toText(error)}\n`)
    process.exitCode = 1
  }
  // Everything is closed. A request that was cut, and hangs on a disk or a network, must not keep the process.
  setTimeout(() => process.exit(), EXIT_MILLISECONDS).unref()
}
