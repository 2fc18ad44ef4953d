import type { DatabaseConnection } from '../../database/connection/connect.ts'
import {
  createPresence,
  kindOf,
  listPresent,
  type PresentRole,
  type ServiceRole,
  toStorageLock,
} from '../../database/connection/presence.ts'
import { beginWriting, listStorages } from '../../database/rows/storages.ts'
import type { Logger } from '../../logger.ts'

export interface Attendance {
  /** Resolves when this service must end, because files were moved while its locks were lost. */
  readonly lost: Promise<void>
  end(): Promise<void>
}

const PAUSE_MILLISECONDS = 5000

/**
 * Shows other processes that a service with this role runs, until `end`. Throws an Error that names the setting when a
 * service runs that could not read what this one writes, or the other way round.
 */
export async function attend(
  { db, pool }: DatabaseConnection,
  logger: Logger,
  role: ServiceRole,
): Promise<Attendance> {
  const presence = createPresence(pool, role)
  const storageId = role.writesTo.id
  const checkOthers = async () => {
    for (const other of await listPresent(db)) insistOn(role, other)
  }

  async function mayGoOn() {
    await presence.renew()
    const storage = (await listStorages(db)).find(({ id }) => id === storageId)
    return storage?.writable && (storage.complete || role.readsFrom.length > 1)
  }

  try {
    await presence.renew()
    await checkOthers()
    await beginWriting(db, storageId)
    await checkOthers() // of two services that start at the same time, at least one sees the other
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
        if (!ended) logger.warn('The database could not be told that this service runs', { error })
        return true
      })
      if (goesOn) return schedule()
      logger.critical('Files were moved to another storage: check STORAGE and STORAGE_FROM', {
        writesTo: role.writesTo.kind,
        readsFrom: role.readsFrom.map(({ kind }) => kind),
      })
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

/** Throws an Error unless each of the two services can read what the other writes. */
function insistOn(own: ServiceRole, other: PresentRole): void {
  const kind = own.writesTo.kind
  if (!other.readsFrom.includes(toStorageLock(own.writesTo))) {
    throw new Error(
      `A service with ${settingsOf(other)} is running, which could not read what this one writes: stop it, or restart it with STORAGE=${kindOf(other.writesTo)} and STORAGE_FROM=${kind} first.`,
    )
  }
  if (!own.readsFrom.map(toStorageLock).includes(other.writesTo)) {
    throw new Error(
      `A service with ${settingsOf(other)} is running, and this one could not read what that one writes: set STORAGE_FROM=${kindOf(other.writesTo)}, or stop it.`,
    )
  }
}

function settingsOf({ writesTo, readsFrom }: PresentRole): string {
  const from = readsFrom.find((lock) => lock !== writesTo)
  return `STORAGE=${kindOf(writesTo)}${from === undefined ? '' : ` and STORAGE_FROM=${kindOf(from)}`}`
}
