import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { ChildService, Installation } from '../childService.ts'
import { comeToRest, inspect, verify, withData } from '../killing.ts'
import type { Ledger } from '../ledger.ts'
import { chance, makeTraffic } from '../traffic.ts'
import type { Cut } from './cutPlan.ts'
import type { PowerSwitch } from './powerSwitch.ts'
import type { Promises } from './promises.ts'

/** What the service may still answer after the cut: none of it can have needed a flush. */
const ANSWERS_MILLISECONDS = 120
/** A moment that does not come by then does not come. */
const MOMENT_MILLISECONDS = 3000
const PLENTY = 20

/** An installation on a disk whose power is cut, and what it promised. */
export interface Site {
  readonly installation: Installation
  readonly ledger: Ledger
  readonly more: readonly Promises[]
  readonly settings: Readonly<Record<string, string>>
}

/** Starts the service, compares it with everything it ever promised, and lets it make promises until the power is cut. */
export async function untilCut(site: Site, cut: Cut, power: PowerSwitch): Promise<void> {
  const { installation, ledger, settings } = site
  if (cut.moment === 'start') {
    installation.begin(['serve'], settings)
    await sleep(cut.after)
    power.cutAfter(cut.count)
    return await waitForCut(power)
  }
  const service = await installation.start(settings)
  await compareEverything(site, service)
  if (ledger.broken.length === 0) await makePromises(site, cut, power, service)
}

async function compareEverything({ installation, ledger, more }: Site, service: ChildService): Promise<void> {
  for (const entry of ledger.entries) entry.downloaded = false
  await verify(service, ledger)
  for (const promises of more) ledger.broken.push(...(await promises.compare(service)))
  await inspect(installation, ledger)
}

/** The last start: everything is compared once more, and nothing is left but files. */
export async function untilRest(site: Site): Promise<void> {
  const { installation, ledger, more, settings } = site
  const service = await installation.start(settings)
  await compareEverything(site, service)
  for (const promises of more) await promises.finish(service)
  await service.stop()
  await comeToRest(installation, ledger)
}

async function makePromises(
  site: Site,
  { moment, callers, alone, after, count }: Cut,
  power: PowerSwitch,
  service: ChildService,
): Promise<void> {
  const { installation, ledger, more } = site
  let over = false
  let due = Number.POSITIVE_INFINITY
  // Asked after each answer, by the caller that got it.
  const stopped = () => {
    if (countPromises(site) >= due) power.cut()
    return over
  }
  const traffic = Promise.all([
    makeTraffic(service, ledger, { callers, stopped, newBytes, plenty: PLENTY }),
    ...(alone ? [] : more).map((promises) => makeAgain(promises, service, stopped)),
  ])
  await sleep(after)
  if (moment === 'answer') due = countPromises(site) + count
  if (moment === 'checkpoint') void checkpoint(installation, () => power.cutAfter(count))
  if (moment === 'requests') power.cutAfter(count)
  if (moment === 'rest') {
    over = true
    await traffic
    power.cut()
  }
  await waitForCut(power)
  over = true
  await Promise.all([traffic, powerOff(installation, power)])
}

async function makeAgain(promises: Promises, service: ChildService, stopped: () => boolean): Promise<void> {
  while (!stopped()) await promises.make(service).catch(() => sleep(50)) // until it is known that the service is gone
}

export function countPromises({ ledger, more }: Pick<Site, 'ledger' | 'more'>): number {
  const { acknowledged, deleted, updated } = ledger.counts
  return more.reduce((sum, { count }) => sum + count(), acknowledged + deleted + updated)
}

async function waitForCut(power: PowerSwitch): Promise<void> {
  for (const until = performance.now() + MOMENT_MILLISECONDS; !power.isCut(); await sleep(5)) {
    if (performance.now() > until) power.cut()
  }
  await sleep(ANSWERS_MILLISECONDS)
}

/** Kills everything that runs on the disk. Flushes end only after that. */
export async function powerOff(installation: Installation, power: PowerSwitch): Promise<void> {
  power.cut()
  const killed = installation.kill()
  power.release()
  await killed
}

/** Lets PostgreSQL write its pages. The power may go meanwhile. */
const checkpoint = (installation: Installation, begun: () => void) =>
  withData(installation, async ({ db }) => {
    const ended = sql`checkpoint`.execute(db)
    begun()
    await ended
  }).catch(() => {})

const newBytes = () => {
  if (chance(2)) return randomBytes(randomInt(2 ** 21, 2 ** 25))
  return randomBytes(chance(10) ? randomInt(900_000, 1_300_000) : randomInt(8192))
}
