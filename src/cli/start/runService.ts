import { type Config, loadConfig } from '../../config.ts'
import { createLogger } from '../../logger.ts'
import { armFailpoints } from '../../runtime/failpoint.ts'
import { tryAddress } from './listen.ts'
import { openService } from './openService.ts'
import { waitForEnd } from './waitForEnd.ts'

/**
 * Opens the service and serves HTTP until the end. Resolves with the exit code. Throws what `openService` throws, unless the
 * end begins before.
 */
export async function runService(): Promise<number> {
  const config = loadConfig(process.env)
  armFailpoints(config.failpoints)
  const logger = createLogger(config.log)
  const ending = waitForEnd(logger)
  try {
    for (const warning of config.warnings) logger.warn(warning)
    await tryAddress(config)
    let loading: ReturnType<typeof loadHttp> | undefined
    const meanwhile = () => {
      loading = loadHttp(config)
      loading.catch(() => {}) // thrown below, once the database is open and can be closed
    }
    const service = await openService(config, logger, { signal: ending.signal, meanwhile })
    try {
      const { serveHttp, contract } = await (loading ?? loadHttp(config))
      return await serveHttp(service, contract, ending)
    } finally {
      await service.close()
      logger.info('Stopped')
    }
  } catch (error) {
    if (error !== ending.signal.reason) throw error
    const { reason, code } = await ending.promise
    logger.info('Stopped before the service listened', { reason })
    return code
  } finally {
    await logger.close()
  }
}

/** Loads what serves HTTP: a third of the start, while PostgreSQL has its own start to do. */
async function loadHttp({ http }: Config) {
  const { serveHttp } = await import('./serveHttp.ts')
  const { loadContract } = await import('../../http/contract/contract.ts')
  return { serveHttp, contract: loadContract(http) }
}
