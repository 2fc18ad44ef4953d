import { join } from 'node:path'
import type { Config } from '../config.ts'
import { connectDatabase, type DatabaseConnection } from '../database/connect.ts'
import { startEmbeddedPostgres } from '../database/embeddedPostgres/start.ts'
import type { Logger } from '../logger.ts'

export interface OpenDatabase extends DatabaseConnection {
  /** Where it is, for the line that says so. Never a password. */
  readonly place: string
  /** Resolves when a database of our own ends on its own; never for one outside. */
  readonly lost: Promise<void>
  close(): Promise<void>
}

/** Connects to the database the configuration names, or starts the service's own. */
export async function openDatabase(config: Config, logger: Logger): Promise<OpenDatabase> {
  const { database } = config
  const onIdleError = (error: Error) => logger.warn('An idle database connection broke', { error })
  const pool = { max: database.poolSize, prepare: database.prepare }
  if (database.kind === 'url') {
    const connection = connectDatabase({ ...pool, connectionString: database.url }, onIdleError)
    return {
      ...connection,
      place: 'DATABASE_URL',
      lost: new Promise(() => {}),
      close: () => connection.db.destroy(),
    }
  }
  if (database.kind === 'host') {
    const { host, port, user, password, name } = database
    const connection = connectDatabase({ ...pool, host, port, user, password, database: name }, onIdleError)
    return {
      ...connection,
      place: `${host}:${port}/${name}`,
      lost: new Promise(() => {}),
      close: () => connection.db.destroy(),
    }
  }
  const directory = join(config.dataDirectory, 'postgres')
  const postgres = await startEmbeddedPostgres({
    directory,
    database: 'upfile',
    log: (message) => logger.info(message),
  })
  const connection = connectDatabase({ ...pool, ...postgres.connection }, onIdleError)
  let closing = false
  return {
    ...connection,
    place: directory,
    lost: postgres.exited.then(() => (closing ? new Promise<void>(() => {}) : undefined)),
    async close() {
      closing = true
      await connection.db.destroy()
      await postgres.stop()
    },
  }
}
