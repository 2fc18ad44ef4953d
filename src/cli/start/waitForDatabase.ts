import { setTimeout as sleep } from 'node:timers/promises'
import { classifyFailure, isRefused } from '../../database/connection/failures.ts'
import { readClock } from '../../database/rows/installation.ts'
import type { Database } from '../../database/schema.ts'
import type { Logger } from '../../logger.ts'

const LONGEST_WAIT_MILLISECONDS = 30_000

/**
 * Waits up to 30 s for a database that is still starting. Throws an Error that names the settings when the database refuses
 * or does not answer in time, or when the service is told to stop.
 */
export async function waitForDatabase(
  db: Database,
  logger: Logger,
  { stopping }: { readonly stopping: () => boolean },
): Promise<void> {
  const until = performance.now() + LONGEST_WAIT_MILLISECONDS
  for (let attempt = 1; ; attempt++) {
    try {
      await readClock(db)
      return
    } catch (error) {
      const refused = classifyFailure(error) === 'other' || isRefused(error)
      const hopeless = refused || performance.now() > until || stopping()
      if (hopeless) {
        const message = Error.isError(error) ? error.message : String(error)
        throw new Error(`The database cannot be reached (check ${settingsFor(message)}): ${message}`, {
          cause: error,
        })
      }
      if (attempt === 1) logger.warn('Waiting for the database', { error })
      await sleep(500)
    }
  }
}

const settingsFor = (message: string) =>
  /certificate|(^|\W)(ssl|tls)(\W|$)|encryption/i.test(message)
    ? 'DB_SSL and DB_SSL_CA, or sslmode in DATABASE_URL'
    : 'DATABASE_URL or DB_HOST'
