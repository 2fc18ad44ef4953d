import { once } from 'node:events'
import type { Server } from 'node:http'
import { createApp } from '../app.ts'
import { type Config, loadConfig } from '../config.ts'
import { migrateUp } from '../database/connection/migrate.ts'
import type { ServiceRole } from '../database/connection/presence.ts'
import type { Deps } from '../deps.ts'
import { startMaintenance } from '../domain/maintenance/cycle.ts'
import { advanceMark } from '../domain/maintenance/mark.ts'
import { type Attendance, attend } from '../domain/moving/attendance.ts'
import { bindStorage } from '../domain/moving/bindStorage.ts'
import { hasCode } from '../errors.ts'
import { watchConnections } from '../http/server/connections.ts'
import { createHttpServer } from '../http/server/server.ts'
import { createLogger, type Logger } from '../logger.ts'
import { armFailpoints } from '../runtime/failpoint.ts'
import { checkDatabase } from './start/checkDatabase.ts'
import { openDatabase } from './start/openDatabase.ts'
import { openDeps } from './start/openDeps.ts'
import { openStorage } from './start/openStorage.ts'
import { waitForDatabase } from './start/waitForDatabase.ts'
import { waitForEnd } from './start/waitForEnd.ts'
import { warmUp } from './start/warmUp.ts'

const help = `upfile serve: run the service until SIGTERM or SIGINT

Without settings it listens on 127.0.0.1:8000 and keeps its PostgreSQL and its files below ./data.
`

/** Runs the service. Resolves with the exit code once everything has stopped. */
export async function serve(words: readonly string[]): Promise<number> {
  if (words.length > 0) {
    const asked = words.includes('--help')
    ;(asked ? process.stdout : process.stderr).write(help)
    return asked ? 0 : 2
  }
  const config = loadConfig(process.env)
  armFailpoints(config.failpoints)
  const logger = createLogger(config.log)
  const ending = waitForEnd(logger)
  try {
    return await run(config, logger, ending)
  } finally {
    await logger.close()
  }
}

async function run(config: Config, logger: Logger, ending: ReturnType<typeof waitForEnd>): Promise<number> {
  const database = await openDatabase(config, logger, { share: false })
  let attendance: Attendance | undefined
  try {
    const { db } = database
    await waitForDatabase(db, logger, { stopping: ending.begun })
    await checkDatabase(db, logger, config.environment)
    await migrateUp(db)
    const storage = await openStorage(config)
    const storageId = await bindStorage(db, storage)
    attendance = await attend(database, logger, { role: roleOf(config), storageId })
    await storage.check().catch((error: unknown) => {
      if (!hasCode(error, 'storage-full')) throw error
      logger.warn('The storage is full: nothing can be uploaded', { error })
    })
    await advanceMark({ db, storage, logger }) // before new uploads let the database look newer than it is

    const deps = await openDeps({ config, logger, db, storage, storageId, stopping: () => ending.begun() })
    const server = createHttpServer(await createApp(deps), { ...config.limits, ...config.http })
    const connections = watchConnections(server)
    const url = await listen(server, config)
    await warmUp(url)
    const maintenance = startMaintenance(deps)
    const adjusting = keepClock(deps)
    logger.info(
      `Listening on ${url}: the API, ${url}/docs its documentation; the data are in ${config.dataDirectory}`,
      {
        database: database.place,
      },
    )
    process.send?.({ url })

    const lost = database.lost.then(() => ({ reason: 'The database of this service ended', code: 1 }))
    const moved = attendance.lost.then(() => ({ reason: 'Files were moved to another storage', code: 1 }))
    const { reason, code } = await Promise.race([ending.promise, lost, moved])
    logger.info('Stopping', { reason })
    await drain(server, connections, config.http.shutdownSeconds)
    clearInterval(adjusting)
    await maintenance.stop()
    await deps.digestThreads.close()
    await storage.close()
    return code
  } finally {
    await attendance?.end()
    await database.close()
    logger.info('Stopped')
  }
}

const CLOCK_MILLISECONDS = 60_000

/** Follows the database's clock, which may be set. */
function keepClock({ clock, logger }: Deps): NodeJS.Timeout {
  const warn = (error: unknown) => logger.warn('The clock of the database could not be asked', { error })
  return setInterval(() => void clock.adjust().catch(warn), CLOCK_MILLISECONDS)
}

const roleOf = ({ storage, storageFrom }: Config): ServiceRole => ({
  writesTo: storage.kind,
  readsFrom: [storage.kind, ...(storageFrom ? [storageFrom.kind] : [])],
})

async function listen(server: Server, { host, port }: Config): Promise<string> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`
}

/** Takes no new connection and gives running requests so many seconds; then they are cut. */
async function drain(
  server: Server,
  connections: ReturnType<typeof watchConnections>,
  seconds: number,
): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  connections.closeUnused()
  const unused = setInterval(() => connections.closeUnused(), 100)
  const cut = setTimeout(() => server.closeAllConnections(), seconds * 1000)
  await closed
  clearTimeout(cut)
  clearInterval(unused)
}
