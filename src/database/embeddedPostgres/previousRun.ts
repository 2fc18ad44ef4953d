import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from './errorCode.ts'
import { pidFilePath, readPidFile } from './pidFile.ts'
import { listProcesses, type Process } from './processes.ts'

const patience = { owned: 1000, quit: 10_000, giveUp: 30_000 }

/** The name all processes of one data folder carry on their command line, whatever path leads to it. */
export async function clusterNameOf(dataFolder: string): Promise<string> {
  const { dev, ino } = await stat(dataFolder, { bigint: true })
  return `upfile-${dev}-${ino}`
}

interface Cluster {
  readonly dataFolder: string
  readonly clusterName: string
  readonly log: (message: string) => void
}

/** The files that a killed PostgreSQL left behind. */
export interface Leftovers {
  readonly files: readonly string[]
  readonly socketFolder: string | undefined
}

/** Ends the PostgreSQL that a killed service left running. Throws an Error when a running service owns the data folder. */
export async function endPreviousRun(cluster: Cluster): Promise<Leftovers | undefined> {
  const started = Date.now()
  const signalled = new Map<number, NodeJS.Signals>()
  for (;;) {
    const { postmasters, backends } = runningIn(cluster.clusterName)
    if (postmasters.length + backends.length === 0) break
    const waited = Date.now() - started
    const owned = await findOwned(cluster, postmasters)
    // A PostgreSQL whose service was just killed may still be ending: one that stays longer than 1 s is in use.
    if (owned && waited > patience.owned) throw inUse(cluster, owned)
    if (owned) {
      await sleep(20)
      continue
    }
    if (waited > patience.giveUp) throw inUse(cluster, postmasters[0] ?? backends[0])

    // Backends without a postmaster end by themselves, but a busy one late: kill them.
    for (const { pid } of postmasters.length > 0 ? [] : backends) signal(pid, 'SIGKILL')
    const ending = waited > patience.quit ? 'SIGQUIT' : 'SIGINT'
    for (const { pid } of postmasters) {
      if (signalled.get(pid) === ending) continue
      cluster.log(`Stopping PostgreSQL ${pid}, left running by an earlier service`)
      signalled.set(pid, ending)
      signal(pid, ending)
    }
    await sleep(20)
  }
  return leftovers(cluster)
}

/** The postmaster whose service still runs; undefined for orphans, whose parent is another process. */
async function findOwned(cluster: Cluster, postmasters: readonly Process[]): Promise<Process | undefined> {
  const owned = postmasters.find(({ command, parent }) => command.includes(` upfile.owner=${parent} `))
  if (!owned) return undefined
  const pidFile = await readPidFile(cluster.dataFolder)
  return pidFile?.pid === owned.pid && pidFile.status === 'stopping' ? undefined : owned
}

function runningIn(clusterName: string): { postmasters: Process[]; backends: Process[] } {
  const processes = listProcesses()
  const isPostmaster = ({ command }: Process) =>
    command.includes(` cluster_name=${clusterName} `) && !command.startsWith('/bin/sh ')
  return {
    postmasters: processes.filter(isPostmaster),
    backends: processes.filter(({ command }) => command.startsWith(`postgres: ${clusterName}: `)),
  }
}

/**
 * The files of a PostgreSQL that was killed. Undefined when its process id belongs to a PostgreSQL that is not ours: that keeps
 * its files.
 */
async function leftovers({ dataFolder, log }: Cluster): Promise<Leftovers | undefined> {
  const pidFile = await readPidFile(dataFolder)
  const command = listProcesses().find(({ pid }) => pid === pidFile?.pid)?.command ?? ''
  const foreign = /^(\S*\/)?(postgres|postmaster)[: ]/.test(command) && !command.includes('upfile-')
  if (foreign) return undefined
  if (pidFile) log(`PostgreSQL ${pidFile.pid} was not shut down, so this start recovers its data`)
  return { files: [pidFilePath(dataFolder)], socketFolder: pidFile?.socketFolder }
}

/** The Error that refuses a start while another service holds the data folder; `holder` is its postmaster if it is known. */
export function inUse({ dataFolder }: Pick<Cluster, 'dataFolder'>, holder?: Process): Error {
  const who = holder ? `process ${holder.parent}, PostgreSQL ${holder.pid}` : 'perhaps in another container'
  const advice = 'Stop it first, or give this one another DATA_DIR or its own database.'
  return new Error(`Another upfile is using ${dataFolder} (${who}). ${advice}`)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}
