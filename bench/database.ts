import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'

/** How to reach the database of one started service; plain values, because a peer gets them as an argument. */
export type DatabaseAddress = Pick<
  pg.ClientConfig,
  'host' | 'port' | 'user' | 'database' | 'connectionString'
>

const users = ['upfile', 'app', 'postgres']

/** Finds the PostgreSQL that a service started below its data directory, and in it the database with the files. */
export async function findDatabase(dataDirectory: string): Promise<DatabaseAddress> {
  const [, , , port, host] = (await readFile(await pidFile(dataDirectory), 'utf8')).split('\n')
  if (host === undefined || host === '') throw new Error('The PostgreSQL of the service has no socket')
  for (const user of users) {
    const server = { host, port: Number(port), user }
    const names = await databaseNames({ ...server, database: 'postgres' }).catch(() => [])
    for (const database of names) {
      if (await hasFiles({ ...server, database })) return { ...server, database }
    }
  }
  throw new Error(`No user of ${users} sees a database with the table "files"`)
}

/** Makes an empty database on the server that the bench was given. */
export async function createDatabase(server: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `upfile_bench_${randomBytes(6).toString('hex')}`
  const url = new URL(server)
  url.pathname = `/${name}`
  await query({ connectionString: server }, `create database ${name}`)
  const drop = async () =>
    void (await query({ connectionString: server }, `drop database ${name} with (force)`))
  return { url: url.href, drop }
}

/** Runs statements one after the other on a connection of their own; returns the rows of the last one. */
export async function query(
  address: DatabaseAddress,
  ...statements: string[]
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(address)
  client.on('error', () => {})
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const statement of statements) rows = (await client.query(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

/** PostgreSQL writes its port and socket folder into this file, wherever that folder is. */
async function pidFile(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const found = entries.find((entry) => entry.name === 'postmaster.pid')
  if (found === undefined)
    throw new Error('The service has not started a PostgreSQL below its data directory')
  return join(found.parentPath, found.name)
}

async function databaseNames(server: DatabaseAddress): Promise<string[]> {
  const rows = await query(server, 'select datname from pg_database where datallowconn and not datistemplate')
  return rows.map(({ datname }) => String(datname))
}

async function hasFiles(address: DatabaseAddress): Promise<boolean> {
  const [row] = await query(address, `select to_regclass('public.files') is not null as found`)
  return row?.found === true
}
