import { setTimeout as sleep } from 'node:timers/promises'
import { readClock } from '../database/rows/installation.ts'
import type { Deps } from '../deps.ts'

export interface DependencyState {
  readonly status: 'OK' | 'unavailable'
  readonly latency_ms: number
}

const PATIENCE_MILLISECONDS = 5000

/** Whether the database takes writes and the storage keeps bytes, tried on both, and how long each took. */
export async function examine({ db, storage, logger }: Deps) {
  const tried = async (name: string, attempt: () => Promise<unknown>): Promise<DependencyState> => {
    const began = performance.now()
    const error = await withPatience(attempt())
    if (error !== undefined) logger.warn('A dependency is not usable', { dependency: name, error })
    return {
      status: error === undefined ? 'OK' : 'unavailable',
      latency_ms: Math.round((performance.now() - began) * 10) / 10,
    }
  }
  const [database, stored] = await Promise.all([
    tried('database', async () => {
      if ((await readClock(db)).readOnly) throw new Error('The database takes no writes.')
    }),
    tried('storage', () => storage.check()),
  ])
  return { database, storage: stored }
}

/** The error an attempt ends with, or that it did not end in time. */
async function withPatience(attempt: Promise<unknown>): Promise<unknown> {
  const patience = new AbortController()
  const late = sleep(PATIENCE_MILLISECONDS, new Error('There was no answer in time.'), {
    signal: patience.signal,
  })
  try {
    return await Promise.race([
      attempt.then(
        () => undefined,
        (error: unknown) => error ?? new Error('failed'),
      ),
      late,
    ])
  } finally {
    patience.abort()
    late.catch(() => {})
  }
}
