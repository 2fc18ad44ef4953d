import { setTimeout as sleep } from 'node:timers/promises'
import { readClock } from '../database/rows/installation.ts'
import type { Deps } from '../deps.ts'

/** One dependency in the answer of the readiness check. */
export interface DependencyState {
  readonly status: 'OK' | 'unavailable'
  readonly latency_ms: number
}

const TIMEOUT_MILLISECONDS = 5000

/** Tries whether the database takes writes and the storage keeps bytes, for at most 5 s. Logs a failure, throws nothing. */
export async function checkDependencies({ db, storage, logger }: Deps) {
  const test = async (name: string, attempt: () => Promise<unknown>): Promise<DependencyState> => {
    const began = performance.now()
    const error = await errorOf(attempt())
    if (error !== undefined) logger.warn('A dependency is not usable', { dependency: name, error })
    return {
      status: error === undefined ? 'OK' : 'unavailable',
      latency_ms: Math.round((performance.now() - began) * 10) / 10,
    }
  }
  const [databaseState, storageState] = await Promise.all([
    test('database', async () => {
      if ((await readClock(db)).readOnly) throw new Error('The database takes no writes.')
    }),
    test('storage', () => storage.check()),
  ])
  return { database: databaseState, storage: storageState }
}

/** The error of an attempt, or an error after the timeout; undefined when the attempt succeeded. */
async function errorOf(attempt: Promise<unknown>): Promise<unknown> {
  const timeout = new AbortController()
  const timedOut = sleep(TIMEOUT_MILLISECONDS, new Error('There was no answer in time.'), {
    signal: timeout.signal,
  })
  try {
    return await Promise.race([
      attempt.then(
        () => undefined,
        (error: unknown) => error ?? new Error('failed'),
      ),
      timedOut,
    ])
  } finally {
    timeout.abort()
    timedOut.catch(() => {})
  }
}
