import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Process {
  readonly pid: number
  readonly parent: number
  /** The command line, or the title that the process gave itself. */
  readonly command: string
}

/** All running processes of this container or host, without zombies and without those of containers below. */
export function listProcesses(): Process[] {
  return process.platform === 'linux' ? listFromProc() : listFromPs()
}

function listFromProc(): Process[] {
  const processes: Process[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const found = readFromProc(entry)
    if (found) processes.push(found)
  }
  return processes
}

function readFromProc(pid: string): Process | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? ''
    const nested = field('NSpid').includes('\t')
    if (field('State').startsWith('Z') || nested) return undefined
    return { pid: Number(pid), parent: Number(field('PPid')), command }
  } catch {
    return undefined // the process ended meanwhile
  }
}

function listFromPs(): Process[] {
  const output = execFileSync('/bin/ps', ['-axww', '-o', 'pid=,ppid=,stat=,command='], { encoding: 'utf8' })
  return output.split('\n').flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    if (command === undefined || state?.startsWith('Z')) return []
    return [{ pid: Number(pid), parent: Number(parent), command: `${command} ` }]
  })
}
