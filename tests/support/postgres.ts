import { randomBytes } from 'node:crypto'
import pg from 'pg'

export interface TestPostgres {
  readonly directory: string
  readonly host: string
  readonly user: string
  readonly database: string
}

const VARIABLE = 'UPFILE_TEST_POSTGRES'

/** Hands the PostgreSQL of this run to the processes that run the tests. */
export const setPostgres = (postgres: TestPostgres) => {
  process.env[VARIABLE] = JSON.stringify(postgres)
}

export const findPostgres = (): TestPostgres => JSON.parse(process.env[VARIABLE] ?? '{}')

/** Makes an empty, migrated database. Returns the URL a service connects with, and how to drop it. */
export async function createDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const { host, user, database } = findPostgres()
  const name = `test_${randomBytes(6).toString('hex')}`
  await asAdministrator(`create database ${name} template ${database} strategy file_copy`)
  return {
    url: `postgres://${user}@/${name}?host=${encodeURIComponent(host)}`,
    drop: () => asAdministrator(`drop database if exists ${name} with (force)`),
  }
}

/** Runs one statement outside every test database. */
export async function asAdministrator(statement: string): Promise<void> {
  const { host, user } = findPostgres()
  const client = new pg.Client({ host, user, database: 'postgres' })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
