import type { PostgresPool } from 'kysely'
import type pg from 'pg'

/** A frequent statement begins with its name in a comment. PostgreSQL then plans it once for each connection. */
const NAME = /^\/\* ([a-z0-9_]{1,50}) \*\//

/** Wraps a pool so that every statement with a name is prepared under this name. */
export function preparingPool(pool: pg.Pool): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, pg.PoolClient>()
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect()
      const preparing = clients.get(client) ?? preparingClient(client)
      clients.set(client, preparing)
      return preparing
    },
  }
}

function preparingClient(client: pg.PoolClient): pg.PoolClient {
  const query = (text: string, values: unknown[]) => {
    const name = NAME.exec(text)?.[1]
    return client.query(name === undefined ? { text, values } : { name, text, values })
  }
  // Looked up at each call: the pool sets a new `release` each time it hands out a client.
  const release = (destroy?: boolean) => client.release(destroy)
  return new Proxy(client, {
    get: (target, property) =>
      property === 'query' ? query : property === 'release' ? release : Reflect.get(target, property, target),
  })
}
