import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import type { Binaries } from './binaries.ts'
import type { Identity } from './identity.ts'

/** Waits for the end of its input, which comes however the service ends, SIGKILL included. */
const script = `trap '' INT TERM HUP; read -r nothing; kill -INT "$1"`

interface Watched {
  readonly pid: number
  readonly binaries: Binaries
  readonly identity: Identity
}

/** Shuts PostgreSQL down when this process ends. `dismiss` it when PostgreSQL has ended: its process id may be reused. */
export function startWatchdog({ pid, binaries, identity }: Watched): { dismiss(): Promise<void> } {
  const shell = spawn('/bin/sh', ['-c', script, 'upfile-watchdog', String(pid)], {
    ...identity.ids,
    env: { ...binaries.environment },
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ended = new Promise<void>((resolve) => {
    shell.once('exit', () => resolve()).once('error', () => resolve())
  })
  shell.stdin.on('error', () => {}) // a killed watchdog: the next start ends what this run leaves
  shell.unref()
  if (shell.stdin instanceof Socket) shell.stdin.unref()

  return {
    dismiss() {
      shell.kill('SIGKILL')
      return ended
    },
  }
}
