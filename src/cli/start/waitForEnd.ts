import type { Logger } from '../../logger.ts'

/** Why the process ends. */
export interface End {
  readonly reason: string
  /** The exit code. */
  readonly code: number
}

export interface Ending {
  /** Resolves when the end begins. Only the first reason counts: Ctrl-C through npm arrives twice. */
  readonly promise: Promise<End>
  /** Aborted when the end begins. */
  readonly signal: AbortSignal
  /** Begins the end. */
  begin(end: End): void
}

/** Listens for the end of the process: SIGTERM and SIGINT end it with exit code 0, an error that nobody caught with 1. */
export function waitForEnd(logger: Logger): Ending {
  const { promise, resolve } = Promise.withResolvers<End>()
  const controller = new AbortController()
  const begin = (end: End) => {
    resolve(end)
    controller.abort()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => begin({ reason: signal, code: 0 }))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.critical('An error that nobody caught: the service ends', { event, error })
      begin({ reason: event, code: 1 })
    })
  }
  return { promise, signal: controller.signal, begin }
}
