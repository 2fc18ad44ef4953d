import { extendIntent, trashIntent } from '../../database/rows/intents.ts'
import type { Deps } from '../../deps.ts'
import { databaseUnavailable, uploadFenced } from '../../errors/service.ts'
import type { Lease, Receipt, Room, StorageKey } from '../../model/blob.ts'

/** Renews the lease of an intent, and of the room of its bytes, at every third of `leaseSeconds`, until `end`. */
export function beginLease(
  { config, databaseGone, db, keys, logger, ticks }: Deps,
  storageKey: StorageKey,
  room?: Room,
): Lease {
  const { leaseSeconds } = config.protocol
  let lost = false
  const renew = async () => {
    try {
      const stands = await extendIntent(db, storageKey, leaseSeconds)
      lost ||= !stands
      await room?.renew()
    } catch (error) {
      logger.warn('The lease of an upload could not be renewed', { storageKey, error })
    }
  }
  const end = ticks.every((leaseSeconds * 1000) / 3, () => void renew())
  return {
    insist() {
      if (databaseGone.aborted) throw databaseUnavailable(new Error('The database of this service ended.'))
      if (!lost) return
      keys.discard() // the intents of the same batch are probably lost too
      throw uploadFenced()
    },
    end,
  }
}

/** Ends the lease of received bytes, gives their room back, and puts them into the trash. False when their intent was gone. */
export async function giveUp(
  deps: Deps,
  { storageKey, lease, room }: Pick<Receipt, 'storageKey' | 'lease' | 'room'>,
): Promise<boolean> {
  lease?.end()
  await room?.end()
  return await abandon(deps, storageKey)
}

/**
 * Puts the bytes of an intent into the trash, and lets them be swept soon. An error of the database is only logged: maintenance
 * reaps the intent when its lease runs out. False when the intent was gone already.
 */
export async function abandon({ db, logger, sweeper }: Deps, storageKey: StorageKey): Promise<boolean> {
  try {
    const trashed = await trashIntent(db, storageKey, 'aborted')
    if (trashed) sweeper.soon([storageKey])
    return trashed
  } catch (error) {
    logger.warn('Unused bytes stay until their lease runs out', { storageKey, error })
    return true
  }
}
