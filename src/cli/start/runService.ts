import { type Config, loadConfig } from '../../config.ts'
import { startMaintenance } from '../../domain/maintenance/cycle.ts'
import { createLogger } from '../../logger.ts'
import { armFailpoints } from '../../runtime/failpoint.ts'
import { tryAddress } from './listen.ts'
import { type OpenService, openService } from './openService.ts'
import { sayAccess } from './sayAccess.ts'
import type { Serving } from './serveHttp.ts'
import { shareOfProcess } from './shareOfProcess.ts'
import { type Ending, waitForEnd } from './waitForEnd.ts'

type Serve = (service: OpenService, ending: Ending) => Promise<Serving>

/**
 * Opens the service and serves HTTP until the end: in this process, or with WORKERS above 1 in others. Resolves with the exit
 * code. Throws what `openService` throws, unless the end begins before.
 */
export async function runService(): Promise<number> {
  const config = shareOfProcess(loadConfig(process.env))
  armFailpoints(config.failpoints)
  const logger = createLogger(config.log)
  const ending = waitForEnd(logger)
  try {
    for (const warning of config.warnings) logger.warn(warning)
    await tryAddress(config)
    let loading: Promise<Serve> | undefined
    const meanwhile = () => {
      loading = loadServing(config)
      loading.catch(() => {}) // thrown below, once the database is open and can be closed
    }
    const service = await openService(config, logger, { signal: ending.signal, meanwhile })
    const code = await serveUntilEnd(service, ending, loading ?? loadServing(config)).finally(service.close)
    logger.info('Stopped')
    return code
  } catch (error) {
    if (error !== ending.signal.reason) throw error
    const { reason, code } = await ending.promise
    logger.info('Stopped before the service listened', { reason })
    return code
  } finally {
    await logger.close()
  }
}

/** Serves HTTP and maintains the storage until the end. Resolves with the exit code. */
async function serveUntilEnd(service: OpenService, ending: Ending, loading: Promise<Serve>): Promise<number> {
  const { deps, databaseLocation, lost } = service
  const { config, logger } = deps
  void lost.then(ending.begin)
  const serve = await loading
  const serving = await serve(service, ending)
  const maintenance = startMaintenance(deps)
  const { url } = serving
  logger.info(
    `Listening on ${url}: the API, ${url}/docs its documentation; the data are in ${config.dataDirectory}`,
    { database: databaseLocation, open_to: await sayAccess(deps) },
  )
  process.send?.({ url })

  const { reason, code } = await ending.promise
  logger.info('Stopping', { reason })
  await serving.stop()
  await maintenance.stop()
  return code
}

/**
 * Loads what serves HTTP: other processes, or this one, for which it is a third of the start, while PostgreSQL has its own start
 * to do.
 */
async function loadServing({ http, workers }: Config): Promise<Serve> {
  if (workers > 1) return (await import('./serveByWorkers.ts')).serveByWorkers
  const { serveHttp } = await import('./serveHttp.ts')
  const { loadContract } = await import('../../http/contract/contract.ts')
  const contract = loadContract(http)
  return ({ deps }) => serveHttp(deps, contract, async () => {})
}
