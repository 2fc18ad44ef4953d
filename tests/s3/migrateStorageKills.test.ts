import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { ChildService, Outcome } from '../support/childService.ts'
import { maintenanceAllTheTime, verify } from '../support/killing.ts'
import { findFailpoints } from '../support/killPlan.ts'
import { Ledger } from '../support/ledger.ts'
import { createTwoStorages, type TwoStorages } from '../support/moving.ts'
import { makeTraffic } from '../support/traffic.ts'

let two: TwoStorages
let ledger: Ledger
beforeEach(async () => {
  two = await createTwoStorages()
  ledger = new Ledger()
})
afterEach(() => two.remove())

const CALLERS = 4
/** Kills at no step in particular. */
const ANY_TIME = ['', '', '']
/** Passed when nobody writes to the source any more; the others, whenever there is something to move. */
const LAST = ['M5', 'M6', 'M7']
const ONCE = ['M4', ...LAST]
const inCopies = findFailpoints('command').filter((name) => !LAST.includes(name))

/** Begins the move, and kills it at this failpoint or, for '', sometime. */
async function moveAndKill(to: 'volume' | 's3', name: string): Promise<Outcome> {
  const FAILPOINTS = name === '' ? '' : `${name}=kill@${ONCE.includes(name) ? 1 : randomInt(1, 4)}`
  const moving = two.installation.begin(['migrate-storage', '--to', to], { ...two.onVolume, FAILPOINTS })
  const late = setTimeout(() => moving.signal('SIGKILL'), name === '' ? randomInt(300, 2000) : 60_000)
  const outcome = await moving.ended
  clearTimeout(late)
  return outcome
}

/** Does something while callers of every kind are at the service, and holds the service against its word then. */
async function underTraffic(service: ChildService, work: () => Promise<void>): Promise<void> {
  let over = false
  const traffic = makeTraffic(service, ledger, { callers: CALLERS, stopped: () => over })
  await work().finally(() => {
    over = true
  })
  await traffic
  await verify(service, ledger)
  expect(ledger.broken).toEqual([])
}

const directions = [
  ['s3', ['U3', 'U5', 'READ']],
  ['volume', ['U3', 'U7', 'U8', 'READ']],
] as const

describe('upfile migrate-storage, killed with SIGKILL under traffic', () => {
  it.each(directions)(
    'loses no file on its way to %s, whichever step it is killed at',
    async (to, driver) => {
      const { installation, onVolume, onS3, toS3, toVolume } = two
      const [alone, both, moved] = to === 's3' ? [onVolume, toS3, onS3] : [onS3, toVolume, onVolume]
      const env = (settings: Readonly<Record<string, string>>) => ({ ...maintenanceAllTheTime, ...settings })
      let kills = 0
      const killAt = async (names: readonly string[]) => {
        for (const name of names) {
          const { signal, stdout, stderr } = await moveAndKill(to, name)
          if (name !== '') expect([name, signal, stdout, stderr]).toEqual([name, 'SIGKILL', stdout, stderr])
          kills += signal === 'SIGKILL' ? 1 : 0
        }
      }

      const before = await installation.start(env(alone))
      await underTraffic(before, () => killAt([...inCopies, ...driver, ...ANY_TIME, ...inCopies]))
      await before.stop()

      const between = await installation.start(env(both))
      await underTraffic(between, async () => {
        await sleep(500)
        await killAt(LAST)
        const { code, stdout } = await two.move(to)
        expect([code, stdout]).toEqual([0, expect.stringContaining(`All files are in ${to}.`)])
        await sleep(500)
      })
      await between.stop()
      expect(kills).toBeGreaterThanOrEqual(14)

      if (to === 's3') await two.removeVolume()
      else for await (const { key } of two.s3.list()) await two.s3.delete(key)
      for (const entry of ledger.entries) entry.downloaded = false
      const after = await installation.start(env(moved))
      await verify(after, ledger)
      expect(ledger.broken).toEqual([])
      expect(ledger.counts.acknowledged).toBeGreaterThan(20)
      await after.stop()
      // Bytes that were copied while they were being deleted are found by the scan, and go when their time has come.
      const { stdout } = await installation.run(['fsck', '--deep'], moved)
      expect(stdout.split('\n').filter((line) => / violated: /.test(line) && !line.startsWith('I4'))).toEqual(
        [],
      )
    },
    300_000,
  )
})
