import type { Config } from '../../config.ts'
import { migrateUp } from '../../database/connection/migrate.ts'
import type { ServiceRole, ServiceStorage } from '../../database/connection/presence.ts'
import type { Deps } from '../../deps.ts'
import { advanceMark } from '../../domain/maintenance/mark.ts'
import { type Attendance, attend } from '../../domain/moving/attendance.ts'
import { bindStorage } from '../../domain/moving/bindStorage.ts'
import { hasCode } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import { createYoungBuffers } from '../../runtime/youngBuffers.ts'
import type { MovingStorage } from '../../storage/moving.ts'
import type { Storage } from '../../storage/storage.ts'
import { checkDatabase } from './checkDatabase.ts'
import { openDatabase } from './openDatabase.ts'
import { openDeps } from './openDeps.ts'
import { openStorage } from './openStorage.ts'
import { waitForDatabase } from './waitForDatabase.ts'
import type { End } from './waitForEnd.ts'

/** A service that is open and does nothing yet: a command runs HTTP, maintenance or jobs on it. */
export interface OpenService {
  readonly deps: Deps
  /** Where the database is. Never a password. */
  readonly databaseLocation: string
  /** Leads workers to the service's own PostgreSQL; undefined when the settings lead to the database. */
  readonly ownDatabaseUrl: string | undefined
  /** Resolves when the service must end: its database ended, or its files were moved to another storage. */
  readonly lost: Promise<End>
  /** Closes everything in the order in which it has to end: the database last. */
  close(): Promise<void>
}

interface Opening {
  /** Ends the opening. */
  readonly signal: AbortSignal
  /** Called once when the service's own PostgreSQL begins to start: there is time for other work. */
  readonly meanwhile?: (() => void) | undefined
  /** In a worker. */
  readonly primary?: Primary
}

/** What a worker knows of its primary, which has judged and prepared database and storage before it started the worker. */
export interface Primary {
  /** Whether DATABASE_URL leads to the service's own PostgreSQL. */
  readonly ownPostgres: boolean
  /** Resolves when the database has ended. */
  readonly databaseLost: Promise<void>
}

/**
 * Opens database and storage, makes sure that they belong together and lets other services see this one. Throws an Error
 * that says what to mend, or the reason of `signal` when that is aborted meanwhile; nothing stays open then.
 */
export async function openService(
  config: Config,
  logger: Logger,
  { signal, meanwhile, primary }: Opening,
): Promise<OpenService> {
  const isWorker = primary !== undefined
  const closing = new AsyncDisposableStack()
  const close = () => closing.disposeAsync()
  try {
    const database = await openDatabase(config, logger, {
      share: false,
      create: true,
      signal,
      meanwhile,
      ownPostgres: primary?.ownPostgres,
    })
    closing.defer(() => database.close())
    const { db } = database
    await waitForDatabase(database, { say: logger.warn, create: true, signal })
    if (!isWorker) await checkDatabase(db, logger, config.environment)
    signal.throwIfAborted()
    if (!isWorker) await migrateUp(db)
    const youngBuffers = createYoungBuffers({ enabled: config.collectYoungBuffers })
    let attendance: Attendance | undefined
    // Behind the storage, because no move can end while the service holds its locks.
    closing.defer(async () => attendance?.end())
    const storage = await openStorage(config, youngBuffers)
    closing.defer(() => storage.close())
    // An S3 that does not answer is called for AWS_S3_DEADLINE_SECONDS: closing the storage ends that.
    const cut = () => void storage.close()
    signal.throwIfAborted()
    signal.addEventListener('abort', cut)
    const storageId = await bindStorage(db, storage)
    attendance = await attend(database, logger, await roleOf(storage))
    if (!isWorker) {
      await checkStorage(storage, logger)
      await advanceMark({ db, storage, logger }) // before new uploads let the database look newer than it is
    }
    signal.removeEventListener('abort', cut) // a service that runs lets its requests end
    signal.throwIfAborted()
    const gone = new AbortController()
    const goneThen = (primary?.databaseLost ?? database.lost).then(() => gone.abort())
    const databaseGone = gone.signal
    const stopping = () => signal.aborted
    const opened = { config, logger, db, storage, storageId, youngBuffers, databaseGone, stopping }
    const deps = await openDeps(opened)
    closing.defer(() => deps.digestThreads.close())
    closing.defer(() => deps.rates.close())
    closing.defer(() => deps.keyUsage.close())
    closing.defer(() => deps.refusalLog.settled())
    closing.defer(() => deps.tokens?.close())
    return {
      deps,
      databaseLocation: database.location,
      ownDatabaseUrl: database.ownUrl,
      lost: Promise.race([
        goneThen.then(() => ({ reason: 'The database of this service ended', code: 1 })),
        attendance.lost.then(() => ({ reason: 'Files were moved to another storage', code: 1 })),
      ]),
      close,
    }
  } catch (error) {
    await close()
    signal.throwIfAborted()
    throw error
  }
}

/** The storages of this service, which are bound to the database. */
async function roleOf(storage: Storage | MovingStorage): Promise<ServiceRole> {
  if (!('source' in storage)) {
    const only = await nameStorage(storage)
    return { writesTo: only, readsFrom: [only] }
  }
  const target = await nameStorage(storage.target)
  return { writesTo: target, readsFrom: [target, await nameStorage(storage.source)] }
}

async function nameStorage(storage: Storage): Promise<ServiceStorage> {
  const { kind, identity, question } = storage.description
  const id = await storage.readIdentity()
  if (id === undefined) throw new Error(`The ${kind} has lost its ${identity}: ${question}`)
  return { id, kind }
}

/** A full storage still serves downloads and deletions. */
async function checkStorage(storage: Storage, logger: Logger): Promise<void> {
  await storage.check().catch((error: unknown) => {
    if (!hasCode(error, 'storage-full')) throw error
    logger.warn('The storage is full: nothing can be uploaded', { error })
  })
}
