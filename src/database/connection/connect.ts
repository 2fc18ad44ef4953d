import { AsyncResource } from 'node:async_hooks'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database, Schema } from '../schema.ts'
import { preparingPool } from './preparedStatements.ts'
import { watchConnection } from './watchConnection.ts'

export interface DatabaseConnection {
  readonly db: Database
  readonly pool: pg.Pool
}

export type ConnectOptions = pg.PoolConfig & { readonly prepare: boolean; readonly patient?: boolean }

const CONNECT_MILLISECONDS = 5000

/**
 * A pool of connections. A stuck transaction cannot hold others up for long: every session gives up a lock after 5 s,
 * a statement after 15 s and an idle transaction after 10 s. `prepare` plans frequent statements once per connection; a
 * proxy that moves transactions between connections may not allow it. `patient` sets no limit to a statement: a command
 * that looks at every row or builds an index may take its time.
 */
export function connectDatabase(
  { prepare, patient = false, ...options }: ConnectOptions,
  onIdleError: (error: Error) => void,
): DatabaseConnection {
  const pool = new pg.Pool({
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'upfile',
    lock_timeout: 5000,
    // Asked for with 0, it would stay what the role has: node-postgres sends no 0.
    ...(patient
      ? { onConnect: (client) => client.query('set statement_timeout = 0') }
      : { statement_timeout: 15_000 }),
    idle_in_transaction_session_timeout: 10_000,
    // Every statement here has an index to use. Planned while a table was small, it would keep reading all of the table.
    options: '-c enable_seqscan=off',
    types: { getTypeParser },
    ...options,
  })
  // Without a listener a backend that is stopped while idle would end this process. Bound to this moment, it does not
  // pass for the work of the request that once opened the connection.
  pool.on('error', AsyncResource.bind(onIdleError))
  pool.on('connect', (client) => watchConnection(client, { patient }))
  return {
    db: new Kysely<Schema>({ dialect: new PostgresDialect({ pool: prepare ? preparingPool(pool) : pool }) }),
    pool,
  }
}

const INT8 = pg.types.builtins.INT8

function getTypeParser(oid: number, format?: 'text' | 'binary') {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format)
}
