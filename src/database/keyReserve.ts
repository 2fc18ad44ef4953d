import { filesMovedAway } from '../errors/service.ts'
import type { StorageKey } from '../model/blob.ts'
import { failpoint } from '../runtime/failpoint.ts'
import { newStorageKeys } from '../storage/storageKey.ts'
import { insertIntents } from './rows/intents.ts'
import type { Database } from './schema.ts'

/** Hands out storage keys whose intents are committed. */
export interface KeyReserve {
  /**
   * A key whose intent has at least half of its lease left. Throws what the database throws, and `storage-unavailable` when
   * the storage takes no new bytes.
   */
  take(): Promise<StorageKey>
  /**
   * Drops the keys in reserve. To be called when an intent was reaped while its request ran, as after a suspend of the
   * machine: the other intents of the batch may be gone too.
   */
  discard(): void
}

const KEYS_AT_ONCE = 64

/**
 * A reserve of storage keys for the storage with this id. The intents of 64 keys are committed at a time, so most uploads wait
 * for no commit before their first byte. The keys of a batch share a shard, so one fsync of the shard's directory can serve
 * several uploads. Intents of keys that are left when the process ends are reaped as all others.
 */
export function createKeyReserve(db: Database, leaseSeconds: number, storageId: string): KeyReserve {
  let keys: StorageKey[] = []
  let freshUntil = 0
  let refilling: Promise<void> | undefined

  async function refill() {
    // Read before the statement, so the lease begins later. An upload gets at least half of the lease.
    const batchFreshUntil = performance.now() + (leaseSeconds * 1000) / 2
    const batch = newStorageKeys(KEYS_AT_ONCE)
    if (!(await insertIntents(db, batch, { storageId, leaseSeconds }))) throw filesMovedAway()
    await failpoint('U1')
    keys = batch
    freshUntil = batchFreshUntil
  }

  return {
    async take() {
      for (;;) {
        const key = performance.now() < freshUntil ? keys.pop() : undefined
        if (key !== undefined) return key
        refilling ??= refill().finally(() => {
          refilling = undefined
        })
        await refilling
      }
    },
    discard() {
      keys = []
    },
  }
}
