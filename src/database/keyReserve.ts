import { storageUnavailable } from '../errors/service.ts'
import type { StorageKey } from '../model/blob.ts'
import { failpoint } from '../runtime/failpoint.ts'
import { newStorageKey, randomShard } from '../storage/storageKey.ts'
import { insertIntents } from './rows/intents.ts'
import type { Database } from './schema.ts'

/** Hands out storage keys whose intents are committed. */
export interface KeyReserve {
  /** Throws what the database throws when no intent can be committed, `storage-unavailable` when none may be. */
  take(): Promise<StorageKey>
  /** Throws the reserve away: an intent was reaped before its time, as after a suspend, so the others may be gone too. */
  discard(): void
}

const KEYS_AT_ONCE = 64

/**
 * A reserve of storage keys for the storage with this id. Intents are committed many at a time, so most uploads wait for no commit before their first
 * byte. Keys of one batch share a shard, so one fsync of its directory can serve several uploads. Keys left over when the
 * process ends are reaped like any other intent.
 */
export function createKeyReserve(db: Database, leaseSeconds: number, storageId: string): KeyReserve {
  let keys: StorageKey[] = []
  let freshUntil = 0
  let refilling: Promise<void> | undefined

  async function refill() {
    // The lease began later than this, on the database's clock; half of it is kept for the upload.
    const until = performance.now() + (leaseSeconds * 1000) / 2
    const shard = randomShard()
    const batch = Array.from({ length: KEYS_AT_ONCE }, () => newStorageKey(shard))
    if (!(await insertIntents(db, batch, { storageId, leaseSeconds })))
      throw storageUnavailable(
        new Error('Files were moved from this storage: STORAGE has to name the other.'),
      )
    await failpoint('U1')
    keys = batch
    freshUntil = until
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
