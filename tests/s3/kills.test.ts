import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { createCycle } from '../../src/domain/maintenance/cycle.ts'
import { createLogger } from '../../src/logger.ts'
import type { S3StorageOptions } from '../../src/storage/s3/s3.ts'
import { createInstallation, type Installation } from '../support/childService.ts'
import {
  killOverAndOver,
  maintenanceAllTheTime,
  readAgain,
  settleEverything,
  withData,
} from '../support/killing.ts'
import { findFailpoints, planKills } from '../support/killPlan.ts'
import { reportKills } from '../support/killReport.ts'
import { type Entry, Ledger } from '../support/ledger.ts'
import { listBelow } from '../support/s3.ts'
import { chance } from '../support/traffic.ts'

const names = findFailpoints('s3')

/**
 * Once at every failpoint; `KILLS=200 npm run test:s3 -- tests/s3/kills.test.ts` kills as often as that, and tells what
 * came of it.
 */
const wanted = process.env.KILLS === undefined ? undefined : Number(process.env.KILLS)
const kills = wanted ?? names.length
const LANES = 2

/** Every start passes U2 once, when it tries the storage out; only uploads in parts pass it after that, and U7. */
const passes = { U2: [2, 4], U7: [1, 3] } as const

const mebibyte = 2 ** 20
const settings = {
  AWS_S3_PART_SIZE: String(5 * mebibyte),
  MAX_FILE_SIZE: String(100 * mebibyte), // parts this small are too few for the usual one
}
const traffic = {
  newBytes: () => randomBytes(chance(15) ? 12 * mebibyte : 4096),
  plenty: 6,
}

const isInParts = ({ id, size }: Entry) => id !== undefined && size > 5 * mebibyte

let installations: Installation[] = []
afterEach(async () => {
  await Promise.all(installations.map((installation) => installation.remove()))
  installations = []
})

describe('the service on S3, killed with SIGKILL in the middle of uploads', () => {
  it(
    'loses no acknowledged file, and one round of maintenance leaves no upload in parts and no unknown object',
    async () => {
      const plan = planKills(names, kills, passes)
      const lanes = await Promise.all(
        Array.from({ length: LANES }, (_, lane) =>
          runLane(plan.filter((_failpoints, index) => index % LANES === lane)),
        ),
      )
      for (const { ledger } of lanes) expect(ledger.broken).toEqual([])
      const reached = new Set(lanes.flatMap(({ tally }) => [...tally.kills.keys()]))
      if (plan.length >= names.length) expect(names.filter((name) => !reached.has(name))).toEqual([])
      const left = lanes.flatMap(({ leftUploads }) => [...leftUploads])
      expect(left).not.toEqual([])
      if (wanted === undefined) return
      const inParts = lanes.flatMap(({ ledger }) => ledger.entries.filter(isInParts))
      reportKills('SIGKILL of the service on S3', names, lanes, {
        'acknowledged uploads in parts': inParts.length,
        'uploads in parts that were cut by a kill': left.length,
      })
    },
    120_000 + kills * 15_000,
  )
})

async function runLane(plan: readonly string[]) {
  const installation = await createInstallation({ postgres: 'shared' })
  installations.push(installation)
  const ledger = new Ledger()
  const leftUploads = new Set<string>()
  const lookAround = async () => {
    for (const name of (await list(installation)).uploads) leftUploads.add(name)
  }
  const tally = await killOverAndOver(installation, ledger, plan, { settings, traffic, lookAround })
  if (ledger.broken.length === 0) await comeToRestInOneRound(installation, ledger)
  return { ledger, tally, leftUploads }
}

async function comeToRestInOneRound(installation: Installation, ledger: Ledger): Promise<void> {
  const withoutMaintenance = { ...maintenanceAllTheTime, ...settings, MAINTENANCE_INTERVAL_SECONDS: '3600' }
  const service = await installation.start(withoutMaintenance)
  await settleEverything(service, ledger)
  expect((await service.stop()).code).toBe(0)
  await sleep(Number(maintenanceAllTheTime.LEASE_SECONDS) * 1000)

  // A step works no longer than the interval: long enough for the keys that 200 kills leave, and for the scan of all shards.
  const oneRound = { ...maintenanceAllTheTime, MAINTENANCE_INTERVAL_SECONDS: '3600', SCAN_SECONDS: '3600' }
  await withData(
    installation,
    async (data) => {
      const logger = createLogger({ level: 'warn', directory: undefined, console: false })
      await createCycle()({ ...data, logger, stopping: () => false })
      const { objects, uploads } = await list(installation)
      const left = uploads.map((name) => name.split('/blobs/')[1] ?? name)
      const { rows: known } = await sql<{ storage_key: string; table: string }>`
        select storage_key, 'blobs' as "table" from blobs
        union select storage_key, 'intents' from intents union select storage_key, 'trash' from trash
      `.execute(data.db)
      expect(left.map((key) => known.find((row) => row.storage_key === key) ?? key)).toEqual([])
      const stored = objects.flatMap((name) => name.split('/blobs/')[1] ?? [])
      expect(stored.toSorted()).toEqual(known.map(({ storage_key }) => storage_key).toSorted())
    },
    oneRound,
  )

  const last = await installation.start(withoutMaintenance)
  await ledger.compare(last)
  await readAgain(last, ledger)
  expect((await last.stop()).code).toBe(0)
  expect(await installation.run(['fsck', '--deep'])).toMatchObject({ code: 0, stderr: '' })
}

const list = (installation: Installation) =>
  withData(installation, ({ config }) => listBelow(config.storage as S3StorageOptions))
