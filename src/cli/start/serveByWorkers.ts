import cluster, { type Worker } from 'node:cluster'
import { forwardLines } from './forwardLines.ts'
import type { OpenService } from './openService.ts'
import type { Serving } from './serveHttp.ts'
import type { Ending } from './waitForEnd.ts'

/** 'warm': the worker is ready to listen; `url`: it listens. */
export type FromWorker = 'warm' | { readonly url: string }

/** A worker shall listen, or the service's own PostgreSQL has ended. */
export type FromPrimary = 'listen' | 'database-lost'

/** The pause before another worker takes the place of one that ended; twice as long after each next failure. */
const PAUSE_MILLISECONDS = 100
const LONGEST_PAUSE_MILLISECONDS = 30_000

/**
 * When this many workers in a row ended before they had listened for STABLE_MILLISECONDS, and no worker listens, the service
 * ends.
 */
const MOST_FAILURES = 5
const STABLE_MILLISECONDS = 10_000

/** The primary kills a worker that still runs this long after `shutdownSeconds`. */
const LATE_MILLISECONDS = 10_000

/** How far a worker is; since when it listens, in milliseconds. */
type State = 'starting' | 'warm' | number

/**
 * Serves HTTP by processes of their own on one port, and replaces those that end. Resolves when all of them listen: none does
 * before the last one could. Throws the reason of `ending.signal` when the end begins before.
 */
export async function serveByWorkers(
  { deps, ownDatabaseUrl }: Pick<OpenService, 'deps' | 'ownDatabaseUrl'>,
  ending: Ending,
): Promise<Serving> {
  if (!cluster.isPrimary)
    throw new Error('WORKERS must be 1 where another program starts the service as its worker')
  const { config, logger, databaseGone } = deps
  const workers = new Map<Worker, State>()
  const listening = Promise.withResolvers<string>()
  const ended = Promise.withResolvers<void>()
  let mayListen = false
  let isReady = false
  let failures = 0
  // The workers accept for themselves: a connection that is handed over would hang when its worker is killed meanwhile.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  const own = ownDatabaseUrl === undefined ? [] : ['--own-postgres']
  cluster.setupPrimary({ args: ['serve', '--worker', ...own], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })

  const all = (reached: (state: State) => boolean) =>
    workers.size === config.workers && [...workers.values()].every(reached)

  function start() {
    if (ending.signal.aborted) return
    const worker = cluster.fork(ownDatabaseUrl === undefined ? {} : { DATABASE_URL: ownDatabaseUrl })
    workers.set(worker, 'starting')
    if (worker.process.stdout) forwardLines(worker.process.stdout, logger.forward)
    worker.on('message', (message: FromWorker) => hear(worker, message))
    worker.on('error', () => {}) // a message to a worker that is gone; the end of the process is what counts
    worker.process.once('close', (code, signal) => replace(worker, { code, signal }))
  }

  function hear(worker: Worker, message: FromWorker) {
    if (!workers.has(worker)) return // it has ended meanwhile
    if (message !== 'warm') {
      workers.set(worker, performance.now())
      if (isReady) logger.info('A worker took the place of one that ended', { pid: worker.process.pid })
      isReady ||= all((state) => typeof state === 'number')
      if (isReady) listening.resolve(message.url)
      return
    }
    workers.set(worker, 'warm')
    mayListen ||= all((state) => state === 'warm')
    if (!mayListen) return
    for (const [each, state] of workers) if (state === 'warm') tell(each, 'listen')
  }

  function replace(worker: Worker, how: { readonly code: number | null; readonly signal: string | null }) {
    const state = workers.get(worker)
    workers.delete(worker)
    if (ending.signal.aborted) return workers.size === 0 ? ended.resolve() : undefined
    const lasted = typeof state === 'number' && performance.now() - state > STABLE_MILLISECONDS
    failures = lasted ? 0 : failures + 1
    logger.error('A worker ended', { pid: worker.process.pid, ...how })
    const serves = [...workers.values()].some((each) => typeof each === 'number')
    if (failures < MOST_FAILURES || serves) {
      const pause = Math.min(PAUSE_MILLISECONDS * 2 ** failures, LONGEST_PAUSE_MILLISECONDS)
      return void setTimeout(start, pause).unref()
    }
    const reason = `${failures} workers in a row ended soon after their start`
    logger.critical(`${reason}: the service ends`)
    ending.begin({ reason, code: 1 })
  }

  async function stop() {
    const signal = (name: NodeJS.Signals) => {
      for (const worker of workers.keys()) worker.process.kill(name)
    }
    signal('SIGTERM')
    const late = setTimeout(signal, config.http.shutdownSeconds * 1000 + LATE_MILLISECONDS, 'SIGKILL')
    if (workers.size > 0) await ended.promise
    clearTimeout(late)
  }

  databaseGone.addEventListener('abort', () => {
    for (const worker of workers.keys()) tell(worker, 'database-lost')
  })
  for (let count = 0; count < config.workers; count++) start()
  const url = await Promise.race([listening.promise, ending.promise])
  if (typeof url === 'string') return { url, stop }
  await stop()
  throw ending.signal.reason
}

function tell(worker: Worker, message: FromPrimary) {
  if (worker.isConnected()) worker.send(message)
}
