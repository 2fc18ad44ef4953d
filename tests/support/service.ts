import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../../src/app.ts'
import { openDeps } from '../../src/cli/start/openDeps.ts'
import { openStorage } from '../../src/cli/start/openStorage.ts'
import { loadConfig } from '../../src/config.ts'
import { connectDatabase } from '../../src/database/connection/connect.ts'
import { beginWriting } from '../../src/database/rows/storages.ts'
import type { Deps } from '../../src/deps.ts'
import { createCycle } from '../../src/domain/maintenance/cycle.ts'
import { bindStorage } from '../../src/domain/moving/bindStorage.ts'
import { createHttpServer } from '../../src/http/server/server.ts'
import { createLogger } from '../../src/logger.ts'
import { armFailpoints } from '../../src/runtime/failpoint.ts'
import { type Api, createApi } from './api/agent.ts'
import { findEverything } from './findings.ts'
import { createDatabase } from './postgres.ts'
import { storageSettings } from './storageSettings.ts'

/** The service in this process, on a database and a volume of its own, listening on a port of its own. */
export interface TestService {
  readonly url: string
  readonly port: number
  readonly api: Api
  readonly deps: Deps
  readonly server: Server
  readonly dataDirectory: string
  readonly logDirectory: string
  /** What a command needs in its environment to work on the same data. */
  readonly settings: Readonly<Record<string, string>>
  /** One round of maintenance, now. */
  maintain(): Promise<void>
  /** The violations that fsck finds, reading every byte. */
  violations(): Promise<readonly string[]>
}

export interface StartedService extends TestService {
  stop(): Promise<void>
}

/**
 * Starts the service with these settings, on a database of its own unless DATABASE_URL names one. It runs no maintenance
 * of its own; `maintain` does.
 */
export async function startService(env: Readonly<Record<string, string>> = {}): Promise<StartedService> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'upfile-data-'))
  const logDirectory = join(dataDirectory, 'logs')
  const given = env.DATABASE_URL
  const database = given === undefined ? await createDatabase() : { url: given, drop: async () => {} }
  const settings = {
    ENVIRONMENT: 'testing',
    DATA_DIR: dataDirectory,
    DATABASE_URL: database.url,
    ...(await storageSettings()),
  }
  const config = loadConfig({
    ...settings,
    LOG_DIR: logDirectory,
    DB_POOL_SIZE: '10',
    SCAN_SECONDS: '1',
    READ_GRACE_SECONDS: '0',
    DELETED_RETENTION_SECONDS: '0',
    ORPHAN_HOLD_SECONDS: '0',
    ...env,
  })
  const logger = createLogger({ ...config.log, console: false })
  const { db } = connectDatabase(
    { connectionString: database.url, max: config.database.poolSize, prepare: true },
    () => {},
  )
  const storage = await openStorage(config)
  const storageId = await bindStorage(db, storage)
  await beginWriting(db, storageId)
  const deps = await openDeps({ config, logger, db, storage, storageId, stopping: () => false })
  const server = createHttpServer(await createApp(deps), { ...config.limits, ...config.http })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const cycle = createCycle()
  const url = `http://127.0.0.1:${port}`

  return {
    url,
    port,
    api: createApi(url),
    deps,
    server,
    dataDirectory,
    logDirectory,
    settings,
    maintain: () => cycle(deps),
    async violations() {
      const { violations } = await findEverything(deps, { deep: true })
      return violations.map(({ invariant, sentence }) => `${invariant}: ${sentence}`)
    },
    async stop() {
      armFailpoints('')
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await db.destroy().catch(() => {})
      await deps.digestThreads.close()
      await storage.close()
      await logger.close()
      await database.drop()
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}
