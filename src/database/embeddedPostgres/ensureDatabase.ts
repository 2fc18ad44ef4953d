import pg from 'pg'
import { errorCode } from './errorCode.ts'

export interface Connection {
  readonly host: string
  readonly user: string
  readonly database: string
}

/** Creates the database unless it exists: the error of a first connection shows whether it exists. */
export async function ensureDatabase(connection: Connection): Promise<void> {
  const unknownDatabase = '3D000'
  try {
    await withClient(connection, async () => {})
  } catch (error) {
    if (errorCode(error) !== unknownDatabase) throw error
    await withClient({ ...connection, database: 'postgres' }, async (client) => {
      await client.query(`create database ${client.escapeIdentifier(connection.database)}`)
    })
  }
}

async function withClient(connection: Connection, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(connection)
  client.on('error', () => {}) // a lost connection rejects the running query
  try {
    await client.connect()
    await use(client)
  } finally {
    await client.end()
  }
}
