import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createInstallation, type Installation } from '../support/childService.ts'
import { upload } from '../support/client.ts'
import { killAll, processesIn } from '../support/embeddedPostgresOwner.ts'
import { comeToRest, killOverAndOver } from '../support/killing.ts'
import { findFailpoints, planKills } from '../support/killPlan.ts'
import { reportKills } from '../support/killReport.ts'
import { Ledger } from '../support/ledger.ts'

const names = findFailpoints('volume')

/** Once at every failpoint and once at any time; `KILLS=300` kills as often in each of two tests, and tells what came of it. */
const wanted = process.env.KILLS === undefined ? undefined : Number(process.env.KILLS)
const kills = { service: wanted ?? names.length + 1, everything: wanted ?? 4 }
const LANES = 2
const timeout = (count: number) => 120_000 + count * 15_000

let installations: Installation[] = []

afterEach(async () => {
  await Promise.all(installations.map((installation) => installation.remove()))
  installations = []
})

async function install(postgres: 'shared' | 'embedded'): Promise<Installation> {
  const installation = await createInstallation({ postgres })
  installations.push(installation)
  return installation
}

describe('the service, killed with SIGKILL under traffic', () => {
  it(
    'loses no acknowledged file and keeps no deleted one, whichever step it is killed at',
    async () => {
      const plan = planKills(names, kills.service)
      const lanes = await Promise.all(
        Array.from({ length: LANES }, async (_, lane) => {
          const installation = await install('shared')
          const ledger = new Ledger()
          const mine = plan.filter((_failpoints, index) => index % LANES === lane)
          const tally = await killOverAndOver(installation, ledger, mine)
          if (ledger.broken.length === 0) await comeToRest(installation, ledger)
          return { ledger, tally }
        }),
      )
      for (const { ledger } of lanes) expect(ledger.broken).toEqual([])
      const reached = new Set(lanes.flatMap(({ tally }) => [...tally.kills.keys()]))
      if (plan.length >= names.length) expect(names.filter((name) => !reached.has(name))).toEqual([])
      if (wanted !== undefined) reportKills('SIGKILL of the service', names, lanes)
    },
    timeout(kills.service),
  )

  it(
    'loses none either when its own PostgreSQL is killed in the same moment',
    async () => {
      const installation = await install('embedded')
      const ledger = new Ledger()
      const tally = await killOverAndOver(installation, ledger, planKills(names, kills.everything))
      if (ledger.broken.length === 0) await comeToRest(installation, ledger)
      expect(ledger.broken).toEqual([])
      if (wanted !== undefined)
        reportKills('SIGKILL of the service and its PostgreSQL', names, [{ ledger, tally }])
    },
    timeout(kills.everything),
  )

  it('starts in the end, however early it was killed before, be it with its PostgreSQL or without', async () => {
    const installation = await install('embedded')
    const postgres = join(installation.dataDirectory, 'postgres')
    for (let round = 0; round < 8; round++) {
      const starting = installation.begin(['serve'])
      await sleep(randomInt(200 * (round + 1)))
      starting.signal('SIGKILL')
      if (round % 2 === 0) killAll(processesIn(postgres))
      await starting.ended
    }
    const service = await installation.start()
    expect((await upload(service, 'stored at last')).status).toBe(201)
    expect(await installation.run(['fsck', '--deep'])).toMatchObject({ code: 0 })
    expect((await service.stop()).code).toBe(0)
  }, 120_000)
})
