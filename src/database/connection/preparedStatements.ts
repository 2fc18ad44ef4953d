import type { PostgresPool } from 'kysely'
import type pg from 'pg'
import { errorCode } from '../../errors.ts'
import { type Described, runDescribed, type TypeParsers, toDescribed } from './describedQuery.ts'

/** A frequent statement begins with its name in a comment. PostgreSQL then plans it once for each connection. */
const NAME = /^\/\* ([a-z0-9_]{1,50}) \*\//

/** Wraps a pool so that every statement with a name is prepared under this name, and described once for each connection. */
export function preparingPool(pool: pg.Pool, getTypeParser: TypeParsers): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, pg.PoolClient>()
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect()
      const preparing = clients.get(client) ?? preparingClient(client, getTypeParser)
      clients.set(client, preparing)
      return preparing
    },
  }
}

/**
 * What PostgreSQL answers when the columns of a prepared statement have changed (feature_not_supported), or when the statement
 * is gone (invalid_sql_statement_name): for this connection, it answers so from then on.
 */
const OUTDATED = ['0A000', '26000']

function preparingClient(client: pg.PoolClient, getTypeParser: TypeParsers): pg.PoolClient {
  const known = new Map<string, Described>() // by the text of the statement
  let outdated = false
  const query = async (text: string, values: unknown[]) => {
    const described = known.get(text)
    if (described) {
      try {
        return await runDescribed(client, described, values)
      } catch (error) {
        outdated ||= OUTDATED.includes(errorCode(error) ?? '')
        throw error
      }
    }
    const name = NAME.exec(text)?.[1]
    if (name === undefined) return await client.query({ text, values })
    const result = await client.query({ name, text, values })
    known.set(text, toDescribed(name, result.fields, getTypeParser))
    return result
  }
  // Looked up at each call: the pool sets a new `release` each time it hands out a client.
  const release = (destroy?: boolean) => client.release(destroy || outdated)
  return new Proxy(client, {
    get: (target, property) =>
      property === 'query' ? query : property === 'release' ? release : Reflect.get(target, property, target),
  })
}
