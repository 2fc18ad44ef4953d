import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { EmbeddedPostgres } from '../../src/database/embeddedPostgres/start.ts'

/** Another process that owns a PostgreSQL, to be killed. */
export interface Owner extends Pick<EmbeddedPostgres, 'connection' | 'pid'> {
  readonly process: ChildProcess
  /** Ids of the rows it was told are committed. */
  readonly acknowledged: string[]
}

export interface OwnerOptions {
  readonly directory: string
  readonly work?: 'idle' | 'insert'
  readonly uid?: number
  /** A command in front, such as unshare. */
  readonly wrapper?: readonly string[]
}

const script = fileURLToPath(new URL('./embeddedPostgresChild.ts', import.meta.url))

export async function spawnOwner({
  directory,
  work = 'idle',
  uid,
  wrapper = [],
}: OwnerOptions): Promise<Owner> {
  const [program = process.execPath, ...args] = [...wrapper, process.execPath, script, directory, work]
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  let complaints = ''
  child.stderr.on('data', (text) => {
    complaints += text
  })
  const acknowledged: string[] = []
  const ready = new Promise<Pick<Owner, 'connection' | 'pid'>>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const said = JSON.parse(line)
      if (said.acknowledged) acknowledged.push(said.acknowledged)
      if (said.connection) resolve(said)
    })
    child.once('exit', (code, signal) =>
      reject(new Error(`The owner ended (${code ?? signal}): ${complaints}`)),
    )
  })
  return { ...(await ready), process: child, acknowledged }
}

export async function killOwner({ process: child }: Owner): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** Living processes of the PostgreSQL in this directory; its watchdog too, given the postmaster's id. */
export function processesIn(directory: string, postmaster?: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      const watches = command.includes('upfile-watchdog') && command.endsWith(`\0${postmaster}\0`)
      return watches || readlinkSync(`/proc/${pid}/cwd`) === join(directory, 'data')
    } catch {
      return false
    }
  })
}

export function watchdogsOf(postmaster: number): number[] {
  return processesIn('/nowhere', postmaster)
}

export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {} // it was faster
  }
}
