import { join } from 'node:path'
import type { PoolConfig } from 'pg'
import type { DatabaseTls } from '../../config/database.ts'
import type { Config } from '../../config.ts'
import { connectDatabase, type DatabaseConnection } from '../../database/connection/connect.ts'
import { findRunningPostgres } from '../../database/embeddedPostgres/running.ts'
import { usualConnections } from '../../database/embeddedPostgres/settings.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../database/embeddedPostgres/start.ts'
import type { Logger } from '../../logger.ts'
import { inDataDirectory, insistOnData } from './inDataDirectory.ts'

/** A new connection to the own PostgreSQL takes 4 to 10 ms, and one that waits takes 2 MiB of this machine. */
const OWN_IDLE_MILLISECONDS = 10_000

export interface OpenDatabase extends DatabaseConnection {
  /** Where the database is, for the log. Never a password. */
  readonly location: string
  /** Leads another process to the service's own PostgreSQL; undefined for an outside database, which the settings name. */
  readonly ownUrl: string | undefined
  /** Resolves when the service's own PostgreSQL ends by itself; never for an outside database. */
  readonly lost: Promise<void>
  close(): Promise<void>
}

interface Opening {
  readonly share: boolean
  readonly create: boolean
  /** Ends a start of the own PostgreSQL. */
  readonly signal?: AbortSignal
  /** Called when the own PostgreSQL begins to start. */
  readonly meanwhile?: (() => void) | undefined
  /** In a worker: whether DATABASE_URL leads to the own PostgreSQL of its primary. */
  readonly ownPostgres?: boolean | undefined
}

/**
 * Connects to the database of the configuration, or starts the service's own PostgreSQL. With `share`, the own PostgreSQL of a
 * running service is used, and statements may take any time: for a command that runs beside the service. With `create`, an own
 * PostgreSQL that is not there is made; without it, an Error that names DATA_DIR is thrown.
 */
export async function openDatabase(
  config: Config,
  logger: Logger,
  { share, create, signal, meanwhile, ownPostgres = config.database.kind === 'embedded' }: Opening,
): Promise<OpenDatabase> {
  const { database } = config
  let closing = false
  const connect = (options: PoolConfig) =>
    connectDatabase(
      {
        max: database.poolSize,
        prepare: database.prepare,
        patient: share,
        ...(ownPostgres && { idleTimeoutMillis: OWN_IDLE_MILLISECONDS }),
        ...options,
      },
      (error) => {
        // The own PostgreSQL may end a connection that is just being closed.
        if (!closing) logger.warn('An idle database connection broke', { error })
      },
    )
  if (database.kind === 'url') return outside(connect({ connectionString: database.url }), 'DATABASE_URL')
  if (database.kind === 'host') {
    const { host, port, user, password, name, tls } = database
    return outside(
      connect({ host, port, user, password, database: name, ssl: toSsl(tls) }),
      `${host}:${port}/${name}`,
    )
  }
  const own = { directory: join(config.dataDirectory, 'postgres'), database: 'upfile' }
  const running = share ? await findRunningPostgres(own) : undefined
  if (running) return outside(connect({ ...running }), own.directory)

  if (!create) insistOnData(config.dataDirectory, join(own.directory, 'data'))
  const postgres = await inDataDirectory(config.dataDirectory, () =>
    startEmbeddedPostgres({
      ...own,
      settings: settingsFor(config),
      log: (message) => logger.info(message),
      signal,
      meanwhile,
    }),
  )
  const connection = connect({ ...postgres.connection })
  return {
    ...connection,
    location: own.directory,
    ownUrl: toUrl(postgres.connection),
    lost: postgres.exited.then(() => (closing ? new Promise<void>(() => {}) : undefined)),
    async close() {
      closing = true
      await connection.db.destroy()
      await postgres.stop()
    },
  }
}

/** Connections of commands that run beside the service, and some to spare. */
const OTHER_CONNECTIONS = 20

/** Settings of the own PostgreSQL. Each process has a pool, and a connection that shows that it runs. */
function settingsFor({ workers, database }: Config): Readonly<Record<string, string>> {
  const processes = workers > 1 ? workers + 1 : 1 // the primary is one more
  const connections = processes * (database.poolSize + 1) + OTHER_CONNECTIONS
  return { max_connections: String(Math.max(connections, usualConnections)) }
}

const toUrl = ({ host, user, database }: EmbeddedPostgres['connection']) =>
  `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}`

/** The options of Node's TLS, which compares host and certificate unless `rejectUnauthorized` is false. */
function toSsl({ mode, authorities }: DatabaseTls): PoolConfig['ssl'] {
  if (mode === 'disable') return false
  return mode === 'require' ? { rejectUnauthorized: false } : authorities === undefined || { ca: authorities }
}

/** A database that this process did not start: closing it ends only the connections. */
const outside = (connection: DatabaseConnection, location: string): OpenDatabase => ({
  ...connection,
  location,
  ownUrl: undefined,
  lost: new Promise(() => {}),
  close: () => connection.db.destroy(),
})
