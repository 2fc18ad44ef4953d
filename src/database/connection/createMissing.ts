import pg from 'pg'
import { isDuplicateDatabase } from './failures.ts'

/** A database of every server: a connection to it can make another. */
const ALWAYS_THERE = 'postgres'

/**
 * Makes the database of these connections, which the server does not have, and returns its name. Throws an Error with the
 * statement for an administrator when the role may not make it.
 */
export async function createMissing(pool: pg.Pool): Promise<string> {
  const options = optionsOf(pool)
  const { database = '' } = new pg.Client(options)
  const client = new pg.Client(elsewhere(options))
  client.on('error', () => {}) // a lost connection rejects the running query
  try {
    await client.connect()
    await client.query(`create database ${pg.escapeIdentifier(database)}`)
  } catch (cause) {
    // Another service that starts at the same time may have made it.
    if (!isDuplicateDatabase(cause))
      throw new Error(`The database "${database}" does not exist and cannot be made; ${statementFor(pool)}`, {
        cause,
      })
  } finally {
    await client.end()
  }
  return database
}

/** The advice with the statement that makes the database of these connections. */
export function statementFor(pool: pg.Pool): string {
  const { database = '', user = '' } = new pg.Client(optionsOf(pool))
  const [name, owner] = [database, user].map(pg.escapeIdentifier)
  return `as an administrator of PostgreSQL, run: create database ${name} owner ${owner}`
}

/** The password is not enumerable: a spread alone leaves it out. */
function optionsOf({ options }: pg.Pool): pg.ClientConfig {
  const { password } = options
  return { ...options, ...(password !== undefined && { password }) }
}

/** What a connection string says wins over the other options, so the database has to change in the string. */
function elsewhere({ connectionString, ...options }: pg.ClientConfig): pg.ClientConfig {
  if (connectionString === undefined) return { ...options, database: ALWAYS_THERE }
  const [, server = '', rest = ''] = /^([^/]*\/\/[^/?#]*)[^?#]*(.*)$/s.exec(connectionString) ?? []
  return { ...options, connectionString: `${server}/${ALWAYS_THERE}${rest}` }
}
