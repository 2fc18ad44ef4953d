import { randomInt } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectDatabase } from '../../src/database/connect.ts'
import { findRunningPostgres } from '../../src/database/embeddedPostgres/running.ts'
import { createVolumeStorage } from '../../src/storage/volume.ts'
import type { ChildService, Installation } from './childService.ts'
import { type Findings, findEverything } from './findings.ts'
import type { Entry, Ledger } from './ledger.ts'
import { makeTraffic } from './traffic.ts'

const CALLERS = 12
/** A failpoint that was not reached by then: the service is killed where it is. */
const PATIENCE_MILLISECONDS = 30_000

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

/** What the kills of one installation came to. */
export interface Tally {
  /** How often each failpoint killed; `any time` counts the kills from outside. */
  readonly kills: Map<string, number>
  readonly millisecondsToReady: number[]
}

/** Starts the service, lets it make promises, and kills it; over and over, on the same data. */
export async function killOverAndOver(
  installation: Installation,
  ledger: Ledger,
  plan: readonly string[],
): Promise<Tally> {
  const tally: Tally = { kills: new Map(), millisecondsToReady: [] }
  for (const failpoints of plan) {
    const service = await installation.start({ ...maintenanceAllTheTime, FAILPOINTS: failpoints })
    tally.millisecondsToReady.push(service.millisecondsToReady)
    const place = await killOnce(installation, service, { ledger, failpoints })
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
  { ledger, failpoints }: { ledger: Ledger; failpoints: string },
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
    await makeTraffic(service, ledger, { callers: CALLERS, stopped: () => gone })
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

/** Repeats what got no answer, and holds what the service says and serves against the ledger. */
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

/** What fsck finds, reading every byte. Violations count as broken promises. */
export async function inspect(installation: Installation, ledger: Ledger): Promise<Findings['counts']> {
  const { dataDirectory, databaseUrl } = installation
  const running = { directory: join(dataDirectory, 'postgres'), database: 'upfile' }
  const connection =
    databaseUrl === undefined ? await findRunningPostgres(running) : { connectionString: databaseUrl }
  if (!connection) throw new Error('There is no PostgreSQL to ask.')
  const { db } = connectDatabase({ ...connection, max: 2, prepare: false }, () => {})
  const storage = await createVolumeStorage(join(dataDirectory, 'volume'))
  try {
    const { counts, violations } = await findEverything({ db, storage }, { deep: true })
    for (const { invariant, sentence } of violations) ledger.broken.push(`${invariant}: ${sentence}`)
    return counts
  } finally {
    await storage.close()
    await db.destroy()
  }
}

/**
 * The last start: every upload with a key gets its answer, everything acknowledged is read once more, and when the leases
 * have run out nothing is left but files.
 */
export async function comeToRest(installation: Installation, ledger: Ledger): Promise<void> {
  const service = await installation.start(maintenanceAllTheTime)
  const until = performance.now() + 60_000
  const unanswered = ({ idempotencyKey, answered, state }: Entry) =>
    (idempotencyKey !== undefined && !answered) || state === 'deleting'
  for (;;) {
    await verify(service, ledger)
    if (!ledger.entries.some(unanswered)) break
    if (performance.now() > until) throw new Error('Requests that were repeated got no answer.')
    await sleep(500)
  }
  for (const entry of ledger.entries) entry.downloaded = false
  await checkDownloads(service, ledger)
  for (;;) {
    const counts = await inspect(installation, ledger)
    const unfinished = await readdir(join(installation.dataDirectory, 'volume', 'tmp'))
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
