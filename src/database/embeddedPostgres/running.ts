import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { superuser } from './cluster.ts'
import type { Connection } from './ensureDatabase.ts'
import { readPidFile } from './pidFile.ts'
import { clusterNameOf } from './previousRun.ts'

/**
 * The connection to the PostgreSQL that another process runs in this directory. Undefined when none answers, or when it has no
 * such database. It may end at any time, and the caller must not stop it.
 */
export async function findRunningPostgres({
  directory,
  database,
}: {
  readonly directory: string
  readonly database: string
}): Promise<Connection | undefined> {
  const dataFolder = join(resolve(directory), 'data')
  const pidFile = await readPidFile(dataFolder)
  if (pidFile?.status !== 'ready' || !existsSync(pidFile.socketFolder)) return undefined
  const connection = { host: pidFile.socketFolder, user: superuser, database }
  return (await nameOf(connection)) === (await clusterNameOf(dataFolder)) ? connection : undefined
}

/** The cluster name of the PostgreSQL behind a socket; undefined when none answers. */
async function nameOf(connection: Connection): Promise<string | undefined> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5000 })
  client.on('error', () => {}) // a lost connection rejects the running query
  try {
    await client.connect()
    const { rows } = await client.query<{ name: string }>(`select current_setting('cluster_name') as name`)
    return rows[0]?.name
  } catch {
    return undefined
  } finally {
    await client.end().catch(() => {})
  }
}
