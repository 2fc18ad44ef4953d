import { readdirSync, readFileSync } from 'node:fs'

/** The ids of the processes that serve for the service with this process id. */
export function workersOf(pid: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((each) => {
    try {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1]
      return Number(parent) === pid && readFileSync(`/proc/${each}/cmdline`, 'utf8').includes('\0--worker\0')
    } catch {
      return false // it ended meanwhile
    }
  })
}
