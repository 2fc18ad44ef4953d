import pg from 'pg'
import { type DatabaseProxy, startDatabaseProxy } from './databaseProxy.ts'
import { createDatabase } from './postgres.ts'
import { startService, type TestService } from './service.ts'

/** A service whose way to its database can be broken, and the database itself. */
export interface ServiceBehindProxy {
  readonly service: TestService
  readonly proxy: DatabaseProxy
  /** Runs a statement past the proxy. */
  query(statement: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** A connection past the proxy, to hold locks with. */
  connect(): Promise<pg.Client>
  stop(): Promise<void>
}

export async function startServiceBehindProxy(
  env: Readonly<Record<string, string>> = {},
): Promise<ServiceBehindProxy> {
  const database = await createDatabase()
  const proxy = await startDatabaseProxy()
  const service = await startService({ ...env, DATABASE_URL: proxy.through(database.url) })
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  pool.on('error', () => {}) // dropped with its database
  return {
    service,
    proxy,
    async query(statement, values) {
      return (await pool.query(statement, values)).rows
    },
    async connect() {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      return client
    },
    async stop() {
      await service.stop()
      await proxy.close()
      await pool.end()
      await database.drop()
    },
  }
}
