import type { Config } from '../../config.ts'
import { createLogger, type Logger } from '../../logger.ts'
import { type OpenDatabase, openDatabase } from './openDatabase.ts'
import { waitForDatabase } from './waitForDatabase.ts'

/**
 * Runs the work of a command with an open database, and closes the database afterwards, after a failure too. Only with `create`
 * it makes the service's own PostgreSQL when that is not there.
 */
export async function withDatabase(
  config: Config,
  { create }: { readonly create: boolean },
  work: (database: OpenDatabase, logger: Logger) => Promise<number>,
): Promise<number> {
  // The output of the command goes to standard output: only log lines about errors may stand between its lines.
  const logger = createLogger({ level: 'error', directory: undefined })
  config.warnings.forEach(say)
  const database = await openDatabase(config, logger, { share: true, create })
  try {
    // A command with a wrong DB_NAME must not make a database in which it finds nothing.
    await waitForDatabase(database, { say, create: false })
    return await work(database, logger)
  } finally {
    await database.close()
    await logger.close()
  }
}

const say = (sentence: string) => void process.stderr.write(`upfile: ${sentence}\n`)
