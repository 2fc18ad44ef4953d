import type { DatabaseConnection } from '../../database/connection/connect.ts'
import { createPresence, listPresent, type ServiceRole } from '../../database/connection/presence.ts'
import { beginWriting, listStorages } from '../../database/rows/storages.ts'
import type { Logger } from '../../logger.ts'
import type { StorageKind } from '../../storage/storage.ts'

export interface Attendance {
  /** Resolves when this service may not go on, because files were moved while it could not be seen. */
  readonly lost: Promise<void>
  end(): Promise<void>
}

const PAUSE_MILLISECONDS = 5000

/**
 * Lets others see that a service with this role runs and writes to the storage with this id, until it ends. Throws an
 * Error that names the setting when one runs that could not read what this one writes, or the other way round.
 */
export async function attend(
  { db, pool }: DatabaseConnection,
  logger: Logger,
  { role, storageId }: { role: ServiceRole; storageId: string },
): Promise<Attendance> {
  const presence = createPresence(pool, role)
  const insistOnCompany = async () => {
    for (const other of await listPresent(db)) insistOn(role, other)
  }

  async function mayGoOn() {
    await presence.renew()
    const storage = (await listStorages(db)).find(({ id }) => id === storageId)
    return storage?.writable && (storage.complete || role.readsFrom.length > 1)
  }

  try {
    await presence.renew()
    await insistOnCompany()
    await beginWriting(db, storageId)
    await insistOnCompany() // of two that begin at the same time, one sees the other at least
  } catch (error) {
    await presence.end()
    throw error
  }

  const { promise: lost, resolve: lose } = Promise.withResolvers<void>()
  let ended = false
  let timer: NodeJS.Timeout | undefined
  const schedule = () => {
    if (ended) return
    timer = setTimeout(async () => {
      const goesOn = await mayGoOn().catch((error: unknown) => {
        logger.warn('The database does not know that this service runs', { error })
        return true
      })
      if (goesOn) return schedule()
      logger.critical('Files were moved to another storage: check STORAGE and STORAGE_FROM', { ...role })
      lose()
    }, PAUSE_MILLISECONDS).unref()
  }
  schedule()

  return {
    lost,
    async end() {
      ended = true
      clearTimeout(timer)
      await presence.end()
    },
  }
}

/** Throws an Error unless each of the two can read what the other writes. */
function insistOn(role: ServiceRole, other: ServiceRole): void {
  if (!other.readsFrom.includes(role.writesTo)) {
    throw new Error(
      `A service with ${settingsOf(other)} is running, which could not read what this one writes: stop it, or restart it with STORAGE=${other.writesTo} and STORAGE_FROM=${role.writesTo} first.`,
    )
  }
  if (!role.readsFrom.includes(other.writesTo)) {
    throw new Error(
      `A service with ${settingsOf(other)} is running, and this one could not read what that one writes: set STORAGE_FROM=${other.writesTo}, or stop it.`,
    )
  }
}

function settingsOf({ writesTo, readsFrom }: ServiceRole): string {
  const from: StorageKind | undefined = readsFrom.find((kind) => kind !== writesTo)
  return `STORAGE=${writesTo}${from === undefined ? '' : ` and STORAGE_FROM=${from}`}`
}
