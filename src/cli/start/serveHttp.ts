import { once } from 'node:events'
import type { Server } from 'node:http'
import { flushCompileCache } from 'node:module'
import { createApp } from '../../app.ts'
import type { Deps } from '../../deps.ts'
import type { Contract } from '../../http/contract/contract.ts'
import { watchConnections } from '../../http/server/connections.ts'
import { freeMemoryAtRest } from '../../http/server/memoryAtRest.ts'
import { createHttpServer } from '../../http/server/server.ts'
import { listen } from './listen.ts'
import { warmUp } from './warmUp.ts'

/** A service that serves requests, by this process or by others. */
export interface Serving {
  readonly url: string
  /** Takes no new connection. Resolves when the running requests have ended, or were cut after `shutdownSeconds`. */
  stop(): Promise<void>
}

/** Serves HTTP in this process. It listens when it is ready for its first request, and `mayListen` has resolved. */
export async function serveHttp(
  deps: Deps,
  contract: Contract,
  mayListen: () => Promise<void>,
): Promise<Serving> {
  const { config } = deps
  const server = createHttpServer(createApp(deps, contract), { ...config.limits, ...config.http })
  const connections = watchConnections(server)
  await warmUp(server, config.host)
  await mayListen()
  const url = await listen(server, config)
  const stopFreeing = freeMemoryAtRest(server)
  const adjusting = keepClock(deps)
  // Node keeps the cache when a process ends; a process that is killed would keep none.
  flushCompileCache()
  return {
    url,
    async stop() {
      await drain(server, connections, deps)
      clearInterval(adjusting)
      stopFreeing()
    },
  }
}

const CLOCK_MILLISECONDS = 60_000

/** Follows the clock of the database, which may be set while the service runs. */
function keepClock({ clock, logger }: Deps): NodeJS.Timeout {
  const warn = (error: unknown) => logger.warn('The clock of the database could not be read', { error })
  return setInterval(() => void clock.adjust().catch(warn), CLOCK_MILLISECONDS)
}

/** For this time after its database has ended, the service still answers requests: that they failed. */
const FAILING_MILLISECONDS = 1000

/**
 * Takes no new connection and lets running requests go on for `shutdownSeconds`; then their connections are cut. Without its
 * database, only answers that have begun can succeed: downloads.
 */
async function drain(
  server: Server,
  connections: ReturnType<typeof watchConnections>,
  { config, databaseGone }: Deps,
): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  connections.closeUnused()
  let gone = Number.POSITIVE_INFINITY
  const unused = setInterval(() => {
    connections.closeUnused()
    if (databaseGone.aborted) gone = Math.min(gone, performance.now())
    if (performance.now() - gone > FAILING_MILLISECONDS) connections.closeUnanswered()
  }, 100)
  const cut = setTimeout(() => server.closeAllConnections(), config.http.shutdownSeconds * 1000)
  await closed
  clearTimeout(cut)
  clearInterval(unused)
}
