import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const ticksPerSecond = 100

/** The process and everything it started, as far as it still runs. */
export function family(pid: number): number[] {
  const children = Map.groupBy(running(), parentOf)
  const found = [pid]
  for (const member of found) found.push(...(children.get(member) ?? []))
  return found
}

/** CPU seconds used so far. Children that ended are in their parent's account, so none is lost or counted twice. */
export function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.flatMap((pid) => statOf(pid).slice(11, 15).map(Number))
  return ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond
}

/** Makes the present memory use the new peak, and returns it in bytes. */
export function resetPeakMemory(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  return memory(pid, 'VmRSS')
}

export const peakMemory = (pid: number) => memory(pid, 'VmHWM')

/**
 * The memory of all the processes in bytes, as the kernel shares it out: pages that several of them have in common count once
 * in all (PSS).
 */
export function sharedOutMemory(pids: readonly number[]): number {
  const kibibytes = pids.map(
    (pid) => /^Pss:\s+(\d+) kB/m.exec(readOrNothing(`/proc/${pid}/smaps_rollup`))?.[1],
  )
  return kibibytes.reduce((sum, each) => sum + Number(each ?? 0), 0) * 1024
}

export function isRunning(pid: number): boolean {
  const state = statOf(pid)[0]
  return state !== undefined && state !== 'Z'
}

const running = () => readdirSync('/proc').map(Number).filter(Number.isInteger)

const parentOf = (pid: number) => Number(statOf(pid)[1])

/** The fields of /proc/<pid>/stat from the state on; empty when the process is gone. */
function statOf(pid: number): string[] {
  const text = readOrNothing(`/proc/${pid}/stat`)
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function memory(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readOrNothing(`/proc/${pid}/status`))?.[1]
  if (kibibytes === undefined) throw new Error(`The process ${pid} is gone`)
  return Number(kibibytes) * 1024
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
