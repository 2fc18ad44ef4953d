import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createApp } from '../../src/app.ts'
import { openDeps } from '../../src/cli/start/openDeps.ts'
import { openStorage } from '../../src/cli/start/openStorage.ts'
import { loadConfig } from '../../src/config.ts'
import { connectDatabase } from '../../src/database/connection/connect.ts'
import { beginWriting } from '../../src/database/rows/storages.ts'
import { createCycle } from '../../src/domain/maintenance/cycle.ts'
import { bindStorage } from '../../src/domain/moving/bindStorage.ts'
import { type Contract, loadContract } from '../../src/http/contract/contract.ts'
import { createHttpServer } from '../../src/http/server/server.ts'
import { createLogger } from '../../src/logger.ts'
import { armFailpoints } from '../../src/runtime/failpoint.ts'
import { createYoungBuffers } from '../../src/runtime/youngBuffers.ts'
import { createApi } from './api/agent.ts'
import { dataParent } from './dataParent.ts'
import { findEverything } from './findings.ts'
import { createDatabase } from './postgres.ts'
import type { StartedService } from './service.ts'
import { storageSettings } from './storageSettings.ts'

/** One for all services of a worker, because reading a contract and compiling its schemas takes seconds of CPU time. */
const contracts = new Map<boolean, Contract>()

function contractOf({ validateResponses }: { readonly validateResponses: boolean }): Contract {
  const contract = contracts.get(validateResponses) ?? loadContract({ validateResponses })
  contracts.set(validateResponses, contract)
  return contract
}

/**
 * Starts the service with these settings, on a database of its own unless DATABASE_URL names one. It runs no maintenance
 * of its own; `maintain` does.
 */
export async function startService(env: Readonly<Record<string, string>> = {}): Promise<StartedService> {
  const dataDirectory = await mkdtemp(join(dataParent(), 'upfile-data-'))
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
    FAILED_RATE: '0', // all tests ask from one address
    ...env,
  })
  const logger = createLogger({ ...config.log, console: false })
  const { db } = connectDatabase(
    { connectionString: database.url, max: config.database.poolSize, prepare: true },
    () => {},
  )
  const youngBuffers = createYoungBuffers({ enabled: config.collectYoungBuffers })
  const storage = await openStorage(config, youngBuffers)
  const storageId = await bindStorage(db, storage)
  await beginWriting(db, storageId)
  const deps = await openDeps({ config, logger, db, storage, storageId, youngBuffers, stopping: () => false })
  const server = createHttpServer(createApp(deps, await contractOf(config.http)), {
    ...config.limits,
    ...config.http,
  })
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
    findEverything: (options) => findEverything(deps, options),
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
      deps.rates.close()
      await deps.keyUsage.close()
      await deps.refusalLog.settled()
      await db.destroy().catch(() => {})
      await deps.digestThreads.close()
      deps.tokens?.close()
      await storage.close()
      await logger.close()
      await database.drop()
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}
