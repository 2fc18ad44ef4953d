import type { PostgresPool } from 'kysely'
import type pg from 'pg'

/** A statement that begins with its name in a comment is worth preparing: it is planned once per connection. */
const NAME = /^\/\* ([a-z0-9_]{1,50}) \*\//

/** The same pool, in which every statement that carries a name is prepared under it. */
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
  // The pool gives a client another release each time it hands it out.
  const release = (destroy?: boolean) => client.release(destroy)
  return new Proxy(client, {
    get: (target, property) =>
      property === 'query' ? query : property === 'release' ? release : Reflect.get(target, property, target),
  })
}
