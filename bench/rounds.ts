import { cpuSeconds, peakMemory, resetPeakMemory } from './processes.ts'
import type { Server } from './servers.ts'
import { settle } from './site.ts'

export type Sample = {
  readonly value: number
  readonly cpu: number
  readonly idle: number
  readonly peak: number
}

/** One measurement of one server: does the work and says its figure. */
export type Side = {
  readonly server: Server
  readonly work: () => Promise<number>
  readonly tidy?: () => Promise<void>
}

/** Measures the sides in turn, A B A B …, so that other load of the machine meets both. */
export async function interleave(rounds: number, sides: readonly Side[]): Promise<Sample[][]> {
  const samples: Sample[][] = sides.map(() => [])
  for (let round = 1; round <= rounds; round++) {
    for (const [index, side] of sides.entries()) {
      await settle()
      const sample = await measure(side)
      samples[index]?.push(sample)
      report(round, side.server.name, sample)
      await side.tidy?.()
    }
  }
  return samples
}

async function measure({ server, work }: Side): Promise<Sample> {
  const idle = resetPeakMemory(server.pid)
  const before = cpuSeconds(server.pids())
  const value = await work()
  return { value, idle, peak: peakMemory(server.pid), cpu: cpuSeconds(server.pids()) - before }
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const [low = 0, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1)
  return (low + high) / 2
}

function report(round: number, name: string, { value, cpu, idle, peak }: Sample): void {
  const rss = `${(idle / 1024 ** 2).toFixed(0)} to ${(peak / 1024 ** 2).toFixed(0)} MiB`
  console.error(`  round ${round} ${name}: ${value.toFixed(2)}, CPU ${cpu.toFixed(2)} s, RSS ${rss}`)
}
