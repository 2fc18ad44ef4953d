import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInstallation } from '../childService.ts'
import { maintenanceAllTheTime } from '../killing.ts'
import { Ledger } from '../ledger.ts'
import type { Cut } from './cutPlan.ts'
import type { FileSystemName } from './fileSystems.ts'
import { createNamedPromises } from './namedPromises.ts'
import { createPartPromises } from './partPromises.ts'
import { createPowerDisk, type PowerDisk } from './powerDisk.ts'
import type { PowerSwitch } from './powerSwitch.ts'
import { countPromises, powerOff, untilCut, untilRest } from './untilCut.ts'
import type { KeptWrites, Remains } from './writeCache.ts'

/** The power cuts of one disk. */
export interface CutDisk {
  readonly ledger: Ledger
  /** How often it acknowledged something. */
  readonly promises: number
  /** A line for each cut, then one for each broken promise. */
  readonly report: readonly string[]
}

export interface CuttingOptions {
  readonly fileSystem: FileSystemName
  readonly plan: readonly Cut[]
  /** What this service lies about when it syncs. */
  readonly lie?: 'files' | 'directories'
}

type Life = Remains & ReturnType<PowerSwitch['counts']>

/**
 * Cuts the power of one disk again and again, and starts the service each time on what is left. Ends at the first broken
 * promise, and leaves the disk on which it was found in the temporary folder.
 */
export async function cutOverAndOver({ fileSystem, plan, lie }: CuttingOptions): Promise<CutDisk> {
  const disk = await createPowerDisk(fileSystem)
  const installation = await createInstallation({
    postgres: 'embedded',
    dataDirectory: join(disk.directory, 'data'),
    ...(lie && { preload: new URL('lyingSync.ts', import.meta.url) }),
  })
  const settings = { ...maintenanceAllTheTime, ...(lie && { LIE: lie }) }
  const ledger = new Ledger()
  const more = [createNamedPromises(), createPartPromises()]
  const site = { installation, ledger, more, settings }
  const report: string[] = []
  /** Turns the disk on and off, with this life between. */
  const live = async (kept: KeptWrites, seed: number, life: (power: PowerSwitch) => Promise<void>) => {
    const power = await disk.turnOn(kept, seed)
    await life(power).catch((error: unknown) => ledger.broken.push(String(error)))
    await powerOff(installation, power)
    if (ledger.broken.length > 0 && !lie) report.push(...ledger.broken, await keepEvidence(disk))
    return { ...(await disk.turnOff()), ...power.counts() }
  }
  try {
    for (const cut of plan) {
      const result = await live(cut.kept, cut.seed, (power) => untilCut(site, cut, power))
      if (ledger.broken.length > 0) break
      report.push(toLine(cut, countPromises(site), result))
    }
    if (ledger.broken.length === 0) await live('all', 0, () => untilRest(site))
    return { ledger, promises: countPromises(site), report }
  } finally {
    await disk.remove()
  }
}

async function keepEvidence(disk: PowerDisk): Promise<string> {
  const path = join(tmpdir(), `upfile-power-${Date.now()}.img`)
  await disk.copyTo(path)
  return `The disk on which the service started is in ${path}.`
}

function toLine(cut: Cut, kept: number, { writes, flushes, unflushedBytes, keptBytes }: Life): string {
  const disk = `${writes} writes and ${flushes} flushes of the disk`
  return `${cut.moment}, ${cut.callers} callers, ${kept} promises so far; ${disk}; ${cut.kept}: ${keptBytes} of ${unflushedBytes} bytes kept`
}
