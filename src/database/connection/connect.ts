import { AsyncResource } from 'node:async_hooks'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database, Schema } from '../schema.ts'
import { preparingPool } from './preparedStatements.ts'
import { toRfc3339 } from './rfc3339.ts'
import { watchConnection } from './watchConnection.ts'

/** The query builder, and the pool whose connections it uses. */
export interface DatabaseConnection {
  readonly db: Database
  readonly pool: pg.Pool
}

export type ConnectOptions = pg.PoolConfig & {
  /**
   * Prepares frequent statements once for each connection. False for a proxy that moves transactions between connections
   * and supports no prepared statements.
   */
  readonly prepare: boolean
  /** Sets no limit for statements: for a command that reads every row or builds an index. */
  readonly patient?: boolean
}

const CONNECT_MILLISECONDS = 5000

/**
 * Creates a pool of connections; the first query opens the first of them. No transaction can block the others for long:
 * PostgreSQL ends a wait for a lock after 5 s, a statement after 15 s, and an idle transaction after 10 s. `onIdleError` is
 * called when a connection breaks that nothing uses.
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
    // Set by a statement: node-postgres does not send an option that is 0, so the role's own limit would apply.
    ...(patient
      ? { onConnect: (client) => client.query('set statement_timeout = 0') }
      : { statement_timeout: 15_000 }),
    idle_in_transaction_session_timeout: 10_000,
    // Every statement here has an index. A plan that was made while a table was small would go on reading the whole table.
    // In UTC, times come in the form that `toRfc3339` needs only cut.
    options: '-c enable_seqscan=off -c timezone=UTC',
    types: { getTypeParser },
    ...options,
  })
  // Without a listener, the end of an idle connection would end this process. `bind` keeps the log line of the listener
  // apart from the request that opened the connection.
  pool.on('error', AsyncResource.bind(onIdleError))
  pool.on('connect', (client) => watchConnection(client, { patient }))
  return {
    db: new Kysely<Schema>({
      dialect: new PostgresDialect({ pool: prepare ? preparingPool(pool, getTypeParser) : pool }),
    }),
    pool,
  }
}

const { INT8, TIMESTAMPTZ } = pg.types.builtins

function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === TIMESTAMPTZ) return toRfc3339
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format)
}
