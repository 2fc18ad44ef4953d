import type { Config } from '../../config.ts'
import { readClock, readDurabilitySettings } from '../../database/rows/installation.ts'
import type { Database } from '../../database/schema.ts'
import type { Logger } from '../../logger.ts'

const OLDEST_VERSION = 150_000
const CLOCK_MILLISECONDS = 5000

/**
 * Refuses a database that could lose a commit after it acknowledged it. Throws an Error that names the setting of PostgreSQL.
 * With ENVIRONMENT=testing, a database without fsync gets only a warning.
 */
export async function checkDatabase(
  db: Database,
  logger: Logger,
  environment: Config['environment'],
): Promise<void> {
  const settings = await readDurabilitySettings(db)
  if (Number(settings.server_version_num) < OLDEST_VERSION) throw new Error('PostgreSQL must be 15 or newer.')
  for (const name of ['fsync', 'full_page_writes']) {
    if (settings[name] === 'on') continue
    const complaint = `PostgreSQL has ${name}=${settings[name]}: a crash could lose files.`
    if (environment !== 'testing') throw new Error(complaint)
    logger.warn(complaint)
  }
  const { synchronous_commit: commit = '', synchronous_standby_names: standbys = '' } = settings
  if (!/^(on|local|remote_write|remote_apply)$/.test(commit)) {
    throw new Error(`PostgreSQL has synchronous_commit=${commit}: a crash could lose files.`)
  }
  if (standbys !== '' && /^(local|remote_write)$/.test(commit)) {
    logger.warn(
      `PostgreSQL has synchronous_commit=${commit}: a failover to a standby could lose files, with "on" none.`,
    )
  }
  const { milliseconds, readOnly } = await readClock(db)
  if (readOnly)
    throw new Error('The database takes no writes: DATABASE_URL or DB_HOST must lead to the primary.')
  const difference = Math.round(Math.abs(milliseconds - Date.now()))
  if (difference > CLOCK_MILLISECONDS) {
    logger.warn('The clocks of database and service differ: expiry follows the database', {
      milliseconds: difference,
    })
  }
}
