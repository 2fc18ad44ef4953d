import { execFile } from 'node:child_process'
import { chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { connectDatabase } from '../../src/database/connection/connect.ts'
import { migrateUp } from '../../src/database/connection/migrate.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embeddedPostgres/start.ts'
import { type DatabaseProxy, startDatabaseProxy } from './databaseProxy.ts'
import { dataParent } from './dataParent.ts'
import { killAll, processesIn } from './embeddedPostgresOwner.ts'
import { eventually } from './eventually.ts'

const run = promisify(execFile)
const database = 'upfile'

/** A primary that acknowledges no commit its standby does not have, and that standby. */
export interface ReplicatedPostgres {
  /** Where services reach whichever is the primary. */
  readonly url: string
  /**
   * Makes a standby of the primary, if it has none, and has its commits wait for it. Stops the primary for a moment when
   * there is one to make.
   */
  addStandby(): Promise<void>
  /** From now on nothing reaches the standby. */
  separate(): void
  /** Kills the primary with all of its processes. */
  killPrimary(): Promise<void>
  /** Starts the primary again; its standby remains as far away as it was. */
  restartPrimary(): Promise<void>
  /** Runs a statement on the primary, and waits for no standby. */
  ask(statement: string): Promise<Record<string, unknown>[]>
  /** Makes the standby the primary; commits still on their way to it are lost. */
  failOver(): Promise<void>
  remove(): Promise<void>
}

export async function startReplicatedPostgres(): Promise<ReplicatedPostgres> {
  const root = await mkdtemp(join(dataParent(), 'upfile-replicated-'))
  const directoryOf = (number: number) => join(root, String(number))
  let number = 0
  let primary = await startServer(directoryOf(number), {})
  let standby: EmbeddedPostgres | undefined
  let current = primary.connection.host
  const { user } = primary.connection
  const front = await startDatabaseProxy(() => current)
  const replication: DatabaseProxy = await startDatabaseProxy(() => primary.connection.host)
  const { db } = connectDatabase({ ...primary.connection, max: 1, prepare: false }, () => {})
  await migrateUp(db)
  await db.destroy()

  const waitsForStandby = { synchronous_standby_names: '*', wal_keep_size: '1GB' }

  function serve(server: EmbeddedPostgres) {
    primary = server
    current = server.connection.host
  }

  return {
    url: front.through(`postgres://${user}@/${database}`),

    async addStandby() {
      if (standby) return
      await primary.stop()
      await copyCluster(directoryOf(number), directoryOf(number + 1))
      serve(await startServer(directoryOf(number), waitsForStandby))
      const source = new URL(replication.through(`postgres://${user}@/${database}`))
      standby = await startServer(directoryOf(number + 1), {
        primary_conninfo: `host=${source.hostname} port=${source.port} user=${user} application_name=standby`,
      })
      await eventually(async () => {
        const rows = await query(primary, 'select sync_state from pg_stat_replication')
        if (rows[0]?.sync_state !== 'sync') throw new Error(`The standby is ${JSON.stringify(rows)}`)
      })
    },

    separate: () => replication.stall(),

    async killPrimary() {
      killAll([primary.pid, ...processesIn(directoryOf(number))])
      await primary.exited
    },

    async restartPrimary() {
      serve(await startServer(directoryOf(number), waitsForStandby))
    },

    ask: (statement) => query(primary, statement, { synchronous_commit: 'local' }),

    async failOver() {
      if (!standby) throw new Error('There is no standby.')
      replication.cut()
      replication.resume()
      serve(standby) // which takes no writes yet
      standby = undefined
      number += 1
      await query(primary, 'select pg_promote()')
    },

    async remove() {
      await front.close()
      await replication.close()
      await standby?.stop()
      await primary.stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}

const startServer = (directory: string, settings: Readonly<Record<string, string>>) =>
  startEmbeddedPostgres({ directory, database, log: () => {}, settings })

async function query(
  { connection }: EmbeddedPostgres,
  statement: string,
  settings: Readonly<Record<string, string>> = {},
) {
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
  const client = new pg.Client({ ...connection, options: options.join(' ') })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

/** Copies a cluster that is shut down: there is no pg_basebackup among the programs of the package. */
async function copyCluster(from: string, to: string): Promise<void> {
  await mkdir(to)
  const data = join(to, 'data')
  await run('cp', ['-a', join(from, 'data'), data])
  const { uid, gid } = await stat(data)
  await writeFile(join(data, 'standby.signal'), '')
  await chown(join(data, 'standby.signal'), uid, gid)
}
