import type { Config } from '../../config.ts'
import { createLogger, type Logger } from '../../logger.ts'
import { type OpenDatabase, openDatabase } from './openDatabase.ts'
import { waitForDatabase } from './waitForDatabase.ts'

/** Runs a command's work with the database open, and closes it whatever happens. */
export async function withDatabase(
  config: Config,
  work: (database: OpenDatabase, logger: Logger) => Promise<number>,
): Promise<number> {
  // A command's answer is on standard output: of the log only what is wrong may stand between its lines.
  const logger = createLogger({ level: 'error', directory: undefined })
  const database = await openDatabase(config, logger, { share: true })
  try {
    await waitForDatabase(database.db, logger, { stopping: () => false })
    return await work(database, logger)
  } finally {
    await database.close()
    await logger.close()
  }
}
