import { extendIntent, trashIntent } from '../../database/rows/intents.ts'
import type { Deps } from '../../deps.ts'
import { uploadFenced } from '../../errors.ts'
import type { StorageKey } from '../../model/blob.ts'
import type { ReceiveDeps } from './receiveBytes.ts'

/** Renews the lease of an intent every third of it, from `begin` to `end`. */
export interface Lease {
  begin(storageKey: StorageKey): void
  /** Throws `upload-fenced` once the lease is lost. */
  insist(): void
  end(): void
}

/** Gives received bytes up. Best effort: what stays behind is reaped when the lease runs out. */
export async function abandon(
  { db, logger }: Pick<Deps, 'db' | 'logger'>,
  storageKey: StorageKey,
): Promise<void> {
  await trashIntent(db, storageKey, 'aborted').catch((error: unknown) => {
    logger.warn('An intent was left to be reaped', { storageKey, error })
  })
}

export function createLease({ config, db, keys, logger }: ReceiveDeps): Lease {
  const { leaseSeconds } = config.protocol
  let lost = false
  let timer: NodeJS.Timeout | undefined
  return {
    begin(storageKey) {
      timer = setInterval(
        () =>
          void extendIntent(db, storageKey, leaseSeconds).then(
            (stands) => {
              lost ||= !stands
            },
            (error: unknown) => logger.warn('A lease could not be renewed', { storageKey, error }),
          ),
        (leaseSeconds * 1000) / 3,
      )
    },
    insist() {
      if (!lost) return
      keys.discard() // the others came from the same batch
      throw uploadFenced()
    },
    end: () => clearInterval(timer),
  }
}
