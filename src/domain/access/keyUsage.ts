import { setTimeout as sleep } from 'node:timers/promises'
import { addKeyUses } from '../../database/rows/keyMonths.ts'
import type { Database } from '../../database/schema.ts'
import type { Logger } from '../../logger.ts'
import type { KeyUsage } from '../../model/rates.ts'

const WRITE_MILLISECONDS = 60_000
/** A database that does not answer must not keep the process. */
const CLOSE_MILLISECONDS = 2000

/**
 * Counts the requests of each key, and writes them once a minute while keys are used. While the database fails, the counts wait;
 * a process that is killed loses those of a minute.
 */
export function createKeyUsage({ db, logger }: { readonly db: Database; readonly logger: Logger }): KeyUsage {
  let unwritten = new Map<string, number>()
  let writing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  const add = (keyId: string, requests: number) =>
    void unwritten.set(keyId, (unwritten.get(keyId) ?? 0) + requests)

  function soon() {
    timer ??= setTimeout(() => {
      timer = undefined
      writing = write()
    }, WRITE_MILLISECONDS).unref()
  }

  /** Never rejects. */
  async function write(): Promise<void> {
    if (unwritten.size === 0) return
    const uses = unwritten
    unwritten = new Map()
    try {
      await addKeyUses(
        db,
        [...uses].map(([keyId, requests]) => ({ keyId, requests })),
      )
    } catch (error) {
      logger.warn('The use of access keys could not be written', { error })
      for (const [keyId, requests] of uses) add(keyId, requests)
      soon()
    }
  }

  return {
    note(keyId) {
      add(keyId, 1)
      soon()
    },
    unwritten: (keyId) => unwritten.get(keyId) ?? 0,
    async close() {
      clearTimeout(timer)
      const last = Promise.resolve(writing).then(write)
      await Promise.race([last, sleep(CLOSE_MILLISECONDS, undefined, { ref: false })])
    },
  }
}
