import type { Logger } from '../../logger.ts'

export interface End {
  readonly reason: string
  readonly code: number
}

/**
 * The end of the process as something to wait for: a signal ends it with 0, an error that nobody caught with 1. Ctrl-C
 * through npm arrives twice; whatever comes after the first changes nothing.
 */
export function waitForEnd(logger: Logger): { readonly promise: Promise<End>; begun(): boolean } {
  const { promise, resolve } = Promise.withResolvers<End>()
  let begun = false
  const end = (reason: string, code: number) => {
    begun = true
    resolve({ reason, code })
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(signal, 0))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.critical('An error that nobody caught: the service ends', { event, error })
      end(event, 1)
    })
  }
  return { promise, begun: () => begun }
}
