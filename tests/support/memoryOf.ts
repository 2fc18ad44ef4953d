import { readFile } from 'node:fs/promises'
import type { ChildService } from './childService.ts'

/** The resident memory of a service, in MiB: now, and the most so far. */
export async function memoryOf({ pid }: Pick<ChildService, 'pid'>): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const mebibytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024
  return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') }
}
