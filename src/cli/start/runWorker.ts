import { loadConfig } from '../../config.ts'
import { loadContract } from '../../http/contract/contract.ts'
import { createLogger } from '../../logger.ts'
import { armFailpoints } from '../../runtime/failpoint.ts'
import { type OpenService, openService, type Primary } from './openService.ts'
import type { FromPrimary, FromWorker } from './serveByWorkers.ts'
import { serveHttp } from './serveHttp.ts'
import { shareOfProcess } from './shareOfProcess.ts'
import { type Ending, waitForEnd } from './waitForEnd.ts'

/**
 * Serves HTTP for the primary that started this process, until the primary ends it; without its primary, Node ends it at once.
 * Resolves with the exit code. Throws what `openService` throws.
 */
export async function runWorker({ ownPostgres }: Pick<Primary, 'ownPostgres'>): Promise<number> {
  if (!process.send) throw new Error('The service starts its workers itself: set WORKERS')
  const primary = { ownPostgres, databaseLost: hear('database-lost') }
  const config = shareOfProcess(loadConfig(process.env))
  armFailpoints(config.failpoints)
  // The primary writes the lines of this process to the console and the files.
  const { level, directory } = config.log
  const logger = createLogger({ level: directory === undefined ? level : 'debug', directory: undefined })
  const ending = waitForEnd(logger)
  try {
    const service = await openService(config, logger, { signal: ending.signal, primary })
    return await serveUntilEnd(service, ending).finally(service.close)
  } catch (error) {
    if (error !== ending.signal.reason) throw error
    return (await ending.promise).code
  } finally {
    await logger.close()
    process.channel?.unref() // the process would wait for messages
  }
}

async function serveUntilEnd({ deps, lost }: OpenService, ending: Ending): Promise<number> {
  void lost.then(ending.begin)
  const { url, stop } = await serveHttp(deps, loadContract(deps.config.http), async () => {
    const heard = hear('listen')
    tell('warm')
    await Promise.race([heard, ending.promise])
    ending.signal.throwIfAborted()
  })
  tell({ url })
  const { code } = await ending.promise
  await stop()
  return code
}

/** Resolves when the primary says this. */
const hear = (message: FromPrimary) =>
  new Promise<void>((resolve) => {
    process.on('message', (heard) => {
      if (heard === message) resolve()
    })
  })

const tell = (message: FromWorker) => void process.send?.(message)
