import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStorage } from '../../src/cli/start/openStorage.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { connectDatabase } from '../../src/database/connection/connect.ts'
import { findRunningPostgres } from '../../src/database/embeddedPostgres/running.ts'
import type { Database } from '../../src/database/schema.ts'
import { createYoungBuffers } from '../../src/runtime/youngBuffers.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { ChildService, Installation } from './childService.ts'
import { findEverything } from './findings.ts'
import type { Entry, Ledger } from './ledger.ts'
import { makeTraffic, type Traffic } from './traffic.ts'
import { unfinished } from './volume.ts'

const CALLERS = 12
/** A failpoint that was not reached by then: the service is killed where it is. */
const PATIENCE_MILLISECONDS = 60_000

/** Leases and graces as short as they go, and maintenance all the time, so that every kill meets some of it. */
export const maintenanceAllTheTime = {
  LEASE_SECONDS: '3',
  MAINTENANCE_INTERVAL_SECONDS: '1',
  SCAN_SECONDS: '1',
  READ_GRACE_SECONDS: '0',
  ORPHAN_HOLD_SECONDS: '0',
  DELETED_RETENTION_SECONDS: '0',
  VALIDATE_RESPONSES: 'false',
  LOG_LEVEL: 'warn',
}

/** The results of the kills of one installation. */
export interface Tally {
  /** How often each failpoint killed; `any time` counts the kills from outside. */
  readonly kills: Map<string, number>
  readonly millisecondsToReady: number[]
}

export interface KillingOptions {
  /** Settings beside those that make maintenance run all the time. */
  readonly settings?: Readonly<Record<string, string>>
  readonly traffic?: Pick<Traffic, 'newBytes' | 'plenty'>
  /** Examines the remains of a kill. */
  readonly lookAround?: () => Promise<void>
}

/** Starts the service, lets it make promises, and kills it; over and over, on the same data. */
export async function killOverAndOver(
  installation: Installation,
  ledger: Ledger,
  plan: readonly string[],
  { settings = {}, traffic = {}, lookAround = async () => {} }: KillingOptions = {},
): Promise<Tally> {
  const tally: Tally = { kills: new Map(), millisecondsToReady: [] }
  for (const failpoints of plan) {
    const service = await installation.start({
      ...maintenanceAllTheTime,
      ...settings,
      FAILPOINTS: failpoints,
    })
    tally.millisecondsToReady.push(service.millisecondsToReady)
    const place = await killOnce(installation, service, { ledger, failpoints, traffic })
    await lookAround()
    tally.kills.set(place, (tally.kills.get(place) ?? 0) + 1)
    if (installation.databaseUrl !== undefined) await inspect(installation, ledger)
    if (ledger.broken.length > 0) break
  }
  return tally
}

/** Resolves with the name of the failpoint that killed the service. */
async function killOnce(
  installation: Installation,
  service: ChildService,
  { ledger, failpoints, traffic }: Pick<KillingOptions, 'traffic'> & { ledger: Ledger; failpoints: string },
): Promise<string> {
  let gone = false
  let killer = failpoints.replace(/=.*/, '')
  const ended = service.ended.then(() => {
    gone = true
  })
  const kill = async () => {
    if (!gone) killer = 'any time'
    await service.kill()
  }
  const work = async () => {
    if (installation.databaseUrl === undefined) await inspect(installation, ledger)
    await verify(service, ledger)
    const impatience = setTimeout(kill, failpoints === '' ? randomInt(50, 1000) : PATIENCE_MILLISECONDS)
    await makeTraffic(service, ledger, { ...traffic, callers: CALLERS, stopped: () => gone })
    await ended
    clearTimeout(impatience)
  }
  await work().catch(async (error: unknown) => {
    // A service that is gone cannot answer; one that lives has to.
    await Promise.race([ended, sleep(2000)])
    if (!gone) throw error
  })
  await service.kill() // its PostgreSQL, when it has one of its own
  return killer
}

/** Repeats the calls without an answer, and compares the records and bytes of the service with the ledger. */
export async function verify(service: ChildService, ledger: Ledger): Promise<void> {
  await ledger.settle(service)
  await ledger.compare(service)
  await checkDownloads(service, ledger)
}

async function checkDownloads(service: ChildService, ledger: Ledger): Promise<void> {
  const unread = ledger.entries.filter(({ state, downloaded }) => state === 'stored' && !downloaded).values()
  const checkNext = async () => {
    for (const entry of unread) await ledger.check(service, entry)
  }
  await Promise.all(Array.from({ length: 8 }, checkNext))
}

interface Data {
  readonly config: Config
  readonly db: Database
  readonly storage: Storage
}

/** Does something with the database and the storage of an installation, past its service. */
export async function withData<Result>(
  { dataDirectory, databaseUrl, storage: settings }: Installation,
  work: (data: Data) => Promise<Result>,
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const running = { directory: join(dataDirectory, 'postgres'), database: 'upfile' }
  const connection =
    databaseUrl === undefined ? await findRunningPostgres(running) : { connectionString: databaseUrl }
  if (!connection) throw new Error('There is no PostgreSQL to ask.')
  const config = loadConfig({ ENVIRONMENT: 'testing', DATA_DIR: dataDirectory, ...settings, ...env })
  const { db } = connectDatabase({ ...connection, max: 2, prepare: false }, () => {})
  const storage = await openStorage(config, createYoungBuffers({ enabled: true }))
  try {
    return await work({ config, db, storage })
  } finally {
    await storage.close()
    await db.destroy()
  }
}

/** What fsck finds, reading every byte, and the names of unfinished bytes. Violations count as broken promises. */
export const inspect = (installation: Installation, ledger: Ledger) =>
  withData(installation, async (deps) => {
    const { counts, violations } = await findEverything(deps, { deep: true })
    for (const { invariant, sentence } of violations) ledger.broken.push(`${invariant}: ${sentence}`)
    return { counts, unfinished: await unfinished({ ...installation, deps }) }
  })

/** Repeats every request without an answer until it has one, and then reads everything acknowledged once more. */
export async function settleEverything(service: ChildService, ledger: Ledger): Promise<void> {
  const until = performance.now() + 60_000
  const unanswered = ({ idempotencyKey, answered, state }: Entry) =>
    (idempotencyKey !== undefined && !answered) || state === 'deleting'
  for (;;) {
    await verify(service, ledger)
    if (!ledger.entries.some(unanswered)) break
    if (performance.now() > until) throw new Error('Requests that were repeated got no answer.')
    await sleep(500)
  }
  await readAgain(service, ledger)
}

/** Reads everything acknowledged once more. */
export async function readAgain(service: ChildService, ledger: Ledger): Promise<void> {
  for (const entry of ledger.entries) entry.downloaded = false
  await checkDownloads(service, ledger)
}

/**
 * The last start: every upload with a key gets its answer, everything acknowledged is read once more, and when the leases
 * have run out nothing is left but files.
 */
export async function comeToRest(installation: Installation, ledger: Ledger): Promise<void> {
  const service = await installation.start(maintenanceAllTheTime)
  await settleEverything(service, ledger)
  const until = performance.now() + 60_000
  for (;;) {
    const { counts, unfinished } = await inspect(installation, ledger)
    const { intents, trash, blobs, 'stored keys': stored } = counts
    if (intents === 0 && trash === 0 && stored === blobs && unfinished.length === 0) break
    if (performance.now() > until) {
      ledger.broken.push(`I5: something stays behind: ${JSON.stringify(counts)}, ${unfinished}`)
      break
    }
    await sleep(500)
  }
  const { code, stderr } = await service.stop()
  if (code !== 0) ledger.broken.push(`The service ended with ${code}: ${stderr}`)
}
