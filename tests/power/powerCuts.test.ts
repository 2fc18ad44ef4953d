import { randomInt } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { planCuts, planFatalCuts } from '../support/power/cutPlan.ts'
import { parseFileSystems } from '../support/power/fileSystems.ts'
import { cutOverAndOver } from '../support/power/powerCuts.ts'
import { insistOnPowerDisks } from '../support/power/requirements.ts'

/** Of each file system. */
const CUTS = Number(process.env.CUTS ?? 6)
if (!Number.isInteger(CUTS) || CUTS < 1)
  throw new Error(`CUTS must be a whole number, not "${process.env.CUTS}".`)
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31))
const names = parseFileSystems(process.env.FILE_SYSTEM ?? 'ext4,xfs')

const CUTS_OF_A_DISK = 6
/** A liar survives a cut when a sync of PostgreSQL took its changes along. Twelve of twelve were caught by the first cut. */
const CUTS_OF_A_LIAR = 12
const timeout = (cuts: number) => 120_000 + cuts * 60_000

describe.each(names)('a service on %s', (fileSystem) => {
  it(
    'has what it acknowledged when the power is back',
    async () => {
      await insistOnPowerDisks([fileSystem])
      let promisesKept = 0
      for (let cut = 0, seed = SEED; cut < CUTS; cut += CUTS_OF_A_DISK, seed += 1) {
        const count = Math.min(CUTS_OF_A_DISK, CUTS - cut)
        const repeat = `SEED=${seed} CUTS=${count} FILE_SYSTEM=${fileSystem} npm run test:power`
        const { ledger, promises, report } = await cutOverAndOver({ fileSystem, plan: planCuts(seed, count) })
        process.stdout.write([repeat, ...report].map((line) => `${line}\n`).join('  '))
        expect({ repeat, broken: ledger.broken }).toEqual({ repeat, broken: [] })
        promisesKept += promises
      }
      process.stdout.write(`${CUTS} power cuts on ${fileSystem}, ${promisesKept} promises, none broken\n`)
      // So few cuts may all come while the service starts.
      expect(promisesKept).toBeGreaterThanOrEqual(CUTS < CUTS_OF_A_DISK ? 0 : 1)
    },
    timeout(CUTS),
  )

  it.each(['files', 'directories'] as const)(
    'is caught when its syncs of %s do nothing',
    async (lie) => {
      await insistOnPowerDisks([fileSystem])
      const plan = planFatalCuts(SEED, CUTS_OF_A_LIAR)
      const { ledger, promises, report } = await cutOverAndOver({ fileSystem, plan, lie })
      expect(ledger.broken).not.toEqual([])
      // A service that never started has broken nothing that it promised.
      expect(report.length).toBeGreaterThan(0)
      expect(promises).toBeGreaterThan(0)
      process.stdout.write(
        `Syncs of ${lie} on ${fileSystem} that do nothing: caught by cut ${report.length}\n`,
      )
    },
    timeout(CUTS_OF_A_LIAR),
  )
})
