import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childEnvironment } from './childEnvironment.ts'
import { dataParent } from './dataParent.ts'
import { killAll, processesIn } from './embeddedPostgresOwner.ts'
import { createDatabase } from './postgres.ts'
import { ignoreSlowConnection } from './slowConnection.ts'
import { storageSettings } from './storageSettings.ts'

type Env = Readonly<Record<string, string>>

/** How a process ended, and everything it said. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** The command line in a process of its own. */
export interface Child {
  readonly ended: Promise<Outcome>
  /** The output of the process so far. */
  output(): Pick<Outcome, 'stdout' | 'stderr'>
  signal(name: NodeJS.Signals): void
  /** Closes our ends of its standard output and error. */
  closeConsole(): void
}

/** The real service in a process of its own. */
export interface ChildService extends Child {
  readonly url: string
  readonly pid: number
  /** From the start of the process until it listened. */
  readonly millisecondsToReady: number
  /** SIGKILL; with a PostgreSQL of its own that is killed in the same moment. */
  kill(): Promise<Outcome>
  /** SIGTERM. */
  stop(): Promise<Outcome>
}

/** A data directory, a database and a storage, on which services and commands run one after the other or side by side. */
export interface Installation {
  readonly dataDirectory: string
  /** The settings of its storage, when that is not the volume below its data directory. */
  readonly storage: Env
  /** Undefined when the service runs its own. */
  readonly databaseUrl: string | undefined
  /** Resolves when it listens. Throws an Error with everything it said when it ends before that. */
  start(env?: Env): Promise<ChildService>
  /** Begins a command. */
  begin(words: readonly string[], env?: Env): Child
  /** Runs a command to its end. */
  run(words: readonly string[], env?: Env): Promise<Outcome>
  /** SIGKILL to all its processes in one moment; with a PostgreSQL of its own that, too. Resolves when they are gone. */
  kill(): Promise<void>
  remove(): Promise<void>
}

/** As in `npm start`. */
const program = ['--max-semi-space-size=16', fileURLToPath(new URL('../../src/main.ts', import.meta.url))]
const PATIENCE_MILLISECONDS = 60_000

/** Of the developer's environment only PATH reaches the process. */
const environment = {
  ...childEnvironment,
  PATH: process.env.PATH ?? '',
  ENVIRONMENT: 'testing',
  PORT: '0',
  FAILED_RATE: '0', // all tests ask from one address
  MALLOC_ARENA_MAX: '2',
}

export interface InstallationOptions {
  /** A database of the run's PostgreSQL, the service's own PostgreSQL, or the database of a URL. */
  readonly postgres: 'shared' | 'embedded' | { readonly url: string }
  /** Instead of a new one. */
  readonly dataDirectory?: string
  /** A module that each of its processes imports before the program. */
  readonly preload?: URL
}

export async function createInstallation({
  postgres,
  dataDirectory: given,
  preload,
}: InstallationOptions): Promise<Installation> {
  const dataDirectory = given ?? (await mkdtemp(join(dataParent(), 'upfile-child-')))
  const database = await findDatabase(postgres)
  const storage = await storageSettings()
  const base = {
    ...environment,
    DATA_DIR: dataDirectory,
    ...storage,
    ...(database && { DATABASE_URL: database.url, DB_POOL_SIZE: '10' }),
  }
  const running = new Set<ChildProcess>()
  const processesOfPostgres = () => processesIn(join(dataDirectory, 'postgres'))

  function spawnMain(words: readonly string[], env: Env, stdio: 'ipc' | 'ignore') {
    const preloaded = preload ? [`--import=${preload.href}`] : []
    const child = spawn(process.execPath, [...preloaded, ...program, ...words], {
      env: { ...base, ...env },
      stdio: ['ignore', 'pipe', 'pipe', stdio],
    })
    running.add(child)
    const signal = (name: NodeJS.Signals) => void child.kill(name)
    const closeConsole = () => {
      child.stdout?.destroy()
      child.stderr?.destroy()
    }
    return { child, signal, closeConsole, ...observe(child, () => void running.delete(child)) }
  }

  async function kill(): Promise<void> {
    const children = [...running]
    killAll([...processesOfPostgres(), ...children.flatMap(({ pid }) => pid ?? [])])
    killAll(processesOfPostgres()) // what was forked in that moment
    await Promise.all(children.map((child) => once(child, 'close')))
    killAll(processesOfPostgres())
  }

  return {
    dataDirectory,
    storage,
    databaseUrl: database?.url,
    begin: (words, env = {}) => spawnMain(words, env, 'ignore'),
    run: (words, env = {}) => spawnMain(words, env, 'ignore').ended.then(ignoreSlowConnection),

    async start(env = {}) {
      const began = performance.now()
      const { child, ended, output, signal, closeConsole } = spawnMain(['serve'], env, 'ipc')
      const { pid = 0 } = child
      const impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MILLISECONDS)
      const ready = once(child, 'message').then(([message]) => (message as { url: string }).url)
      const url = await Promise.race([ready, ended]).finally(() => clearTimeout(impatience))
      if (typeof url !== 'string')
        throw new Error(`The service ended (${url.code}): ${url.stdout}${url.stderr}`)
      return {
        url,
        pid,
        millisecondsToReady: performance.now() - began,
        ended,
        output,
        signal,
        closeConsole,
        async kill() {
          killAll([...(database ? [] : processesOfPostgres()), pid])
          if (!database) killAll(processesOfPostgres()) // what was forked in that moment
          return await ended
        },
        async stop() {
          child.kill('SIGTERM')
          return await ended
        },
      }
    },

    kill,

    async remove() {
      await kill()
      await database?.drop()
      await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function findDatabase(postgres: 'shared' | 'embedded' | { readonly url: string }) {
  if (postgres === 'embedded') return undefined
  return postgres === 'shared' ? await createDatabase() : { url: postgres.url, drop: async () => {} }
}

function observe(child: ChildProcess, gone: () => void) {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  const ended = new Promise<Outcome>((resolve) => {
    child.once('close', (code, signal) => {
      gone()
      resolve({ code, signal, ...said })
    })
  })
  return { ended, output: () => ({ ...said }) }
}
