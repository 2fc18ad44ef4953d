import { join, resolve } from 'node:path'
import { findBinaries } from './binaries.ts'
import { ensureCluster, superuser } from './cluster.ts'
import { type Connection, ensureDatabase } from './ensureDatabase.ts'
import { chooseIdentity } from './identity.ts'
import { makeFolder } from './makeFolder.ts'
import { launchPostmaster } from './postmaster.ts'
import { clusterNameOf, endPreviousRun } from './previousRun.ts'
import { becomeReady } from './readiness.ts'
import { openServerLog } from './serverLog.ts'
import { serverSettings } from './settings.ts'
import { createSocketFolder, removeTemporarySocketFolder, socketFiles } from './socketFolder.ts'

export interface EmbeddedPostgres {
  /** The connection parameters for node-postgres: unix socket folder, user and database. */
  readonly connection: Connection
  readonly pid: number
  /** Fast shutdown; resolves when the postmaster has exited. Never throws when it is already gone. */
  stop(): Promise<void>
  /** Resolves with the exit code whenever the postmaster ends, for whatever reason. */
  readonly exited: Promise<number | null>
}

export interface EmbeddedPostgresOptions {
  /** The folder of PostgreSQL's data, its socket (`run`) and postgres.log. Created when absent, but not its parent. */
  readonly directory: string
  /** Created when absent. */
  readonly database: string
  readonly log: (message: string) => void
  /** PostgreSQL settings that differ from ours, such as fsync off in tests. */
  readonly settings?: Readonly<Record<string, string>>
  /** Ends the start: it throws the reason, and leaves nothing that runs or is half made. */
  readonly signal?: AbortSignal | undefined
  /** Called once PostgreSQL runs and begins its start: there is time for other work. */
  readonly meanwhile?: (() => void) | undefined
}

/**
 * Starts a PostgreSQL that ends with this process, SIGKILL included, and recovers what a killed run left. Throws an Error that
 * names the cause: the folder is in use, root cannot run PostgreSQL, or PostgreSQL ended before it was ready.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory)
  const dataFolder = join(directory, 'data')
  const { log, signal, meanwhile, settings = {} } = options
  await makeFolder(directory)
  const binaries = await findBinaries(join(directory, 'lib'))
  const identity = await chooseIdentity({ binaries, directory, dataFolder })
  await ensureCluster({
    directory,
    dataFolder,
    binaries,
    identity,
    durable: settings.fsync !== 'off',
    signal,
  })
  const clusterName = await clusterNameOf(dataFolder)
  const leftovers = await endPreviousRun({ dataFolder, clusterName, log })

  const socketFolder = await createSocketFolder(directory, identity)
  const serverLog = await openServerLog(directory)
  const connection = { host: socketFolder, user: superuser, database: options.database }
  const postmaster = launchPostmaster({
    binaries,
    identity,
    dataFolder,
    leftovers: leftovers ? [...leftovers.files, ...socketFiles(socketFolder)] : [],
    logFile: serverLog.fd,
    settings: { ...serverSettings({ socketFolder, clusterName }), ...settings },
  })
  const exited = postmaster.exited.finally(() => removeTemporarySocketFolder(socketFolder))
  const stop = async () => {
    await postmaster.stop()
    await exited
  }
  try {
    meanwhile?.()
    await becomeReady({ postmaster, dataFolder, serverLog, log, signal })
    if (leftovers?.socketFolder) await removeTemporarySocketFolder(leftovers.socketFolder)
    await ensureDatabase(connection)
  } catch (error) {
    await stop()
    throw error
  } finally {
    await serverLog.close()
  }
  return { connection, pid: postmaster.pid, exited, stop }
}
