import { join } from 'node:path'
import type { PoolConfig } from 'pg'
import type { DatabaseTls } from '../../config/database.ts'
import type { Config } from '../../config.ts'
import { connectDatabase, type DatabaseConnection } from '../../database/connection/connect.ts'
import { findRunningPostgres } from '../../database/embeddedPostgres/running.ts'
import { startEmbeddedPostgres } from '../../database/embeddedPostgres/start.ts'
import type { Logger } from '../../logger.ts'

export interface OpenDatabase extends DatabaseConnection {
  /** Where it is, for the line that says so. Never a password. */
  readonly place: string
  /** Resolves when a database of our own ends on its own; never for one outside. */
  readonly lost: Promise<void>
  close(): Promise<void>
}

/**
 * Connects to the database the configuration names, or to the service's own: starts it, or with `share`, for a command
 * that runs beside the service and may take long, uses the one that a running service has started.
 */
export async function openDatabase(
  config: Config,
  logger: Logger,
  { share }: { readonly share: boolean },
): Promise<OpenDatabase> {
  const { database } = config
  const connect = (options: PoolConfig) =>
    connectDatabase(
      { max: database.poolSize, prepare: database.prepare, patient: share, ...options },
      (error) => logger.warn('An idle database connection broke', { error }),
    )
  if (database.kind === 'url') return notOurs(connect({ connectionString: database.url }), 'DATABASE_URL')
  if (database.kind === 'host') {
    const { host, port, user, password, name, tls } = database
    const place = { host, port, user, password, database: name }
    return notOurs(connect({ ...place, ssl: toSsl(tls) }), `${host}:${port}/${name}`)
  }
  const own = { directory: join(config.dataDirectory, 'postgres'), database: 'upfile' }
  const running = share ? await findRunningPostgres(own) : undefined
  if (running) return notOurs(connect({ ...running }), own.directory)

  const postgres = await startEmbeddedPostgres({ ...own, log: (message) => logger.info(message) })
  const connection = connect({ ...postgres.connection })
  let closing = false
  return {
    ...connection,
    place: own.directory,
    lost: postgres.exited.then(() => (closing ? new Promise<void>(() => {}) : undefined)),
    async close() {
      closing = true
      await connection.db.destroy()
      await postgres.stop()
    },
  }
}

/** The same, in the words of Node's TLS, which looks at the host that a certificate is for unless told otherwise. */
function toSsl({ mode, authorities }: DatabaseTls): PoolConfig['ssl'] {
  if (mode === 'disable') return false
  return mode === 'require' ? { rejectUnauthorized: false } : authorities === undefined || { ca: authorities }
}

/** A database that goes on when we are done with it. */
const notOurs = (connection: DatabaseConnection, place: string): OpenDatabase => ({
  ...connection,
  place,
  lost: new Promise(() => {}),
  close: () => connection.db.destroy(),
})
