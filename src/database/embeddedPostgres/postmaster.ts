import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Binaries } from './binaries.ts'
import type { Identity } from './identity.ts'
import { startWatchdog } from './watchdog.ts'

/** The exit code of the launcher when another process holds the lock of the data folder. */
export const lockedExitCode = 75

/**
 * Locks the data folder (descriptor 3), removes the files named before `--`, which a killed PostgreSQL left, and becomes
 * PostgreSQL. Each process of PostgreSQL inherits the lock, so the lock ends with the last of them. It also keeps out a service
 * in another container, whose process ids say nothing here. macOS has no flock.
 */
const launcher = `
if command -v flock >/dev/null; then
  flock -w 5 -E ${lockedExitCode} 3
  [ $? -ne ${lockedExitCode} ] || exit ${lockedExitCode}
fi
while [ "$1" != -- ]; do rm -f "$1"; shift; done
shift
exec "$@"
`

export interface Postmaster {
  readonly pid: number
  readonly exited: Promise<number | null>
  isRunning(): boolean
  stop(): Promise<void>
}

interface Launch {
  readonly binaries: Binaries
  readonly identity: Identity
  readonly dataFolder: string
  readonly leftovers: readonly string[]
  readonly logFile: number
  readonly settings: Readonly<Record<string, string>>
}

/** Starts PostgreSQL and a watchdog that stops it when this process ends. `stop` is a fast shutdown, after 20 s a kill. */
export function launchPostmaster(launch: Launch): Postmaster {
  const child = spawnPostmaster(launch)
  const pid = child.pid ?? 0
  const watchdog = pid === 0 ? undefined : startWatchdog({ ...launch, pid })
  let running = true
  const exited = new Promise<number | null>((resolve) => {
    const end = async (code: number | null) => {
      running = false
      await watchdog?.dismiss()
      resolve(code)
    }
    child.once('exit', end).once('error', () => end(null))
  })
  child.unref() // the service is free to end without waiting for it

  return {
    pid,
    exited,
    isRunning: () => running,
    async stop() {
      child.ref()
      if (running) child.kill('SIGINT')
      const stubborn = [
        setTimeout(() => child.kill('SIGQUIT'), 10_000),
        setTimeout(() => child.kill('SIGKILL'), 20_000),
      ]
      await exited
      stubborn.forEach(clearTimeout)
    },
  }
}

function spawnPostmaster(launch: Launch): ChildProcess {
  const { binaries, identity, dataFolder, leftovers, logFile, settings } = launch
  const command = [...identity.wrapper, binaries.postgres, '-D', dataFolder]
  for (const [name, value] of Object.entries(settings)) command.push('-c', `${name}=${value}`)
  const lock = openSync(dataFolder, 'r')
  try {
    return spawn('/bin/sh', ['-c', launcher, 'upfile-launcher', ...leftovers, '--', ...command], {
      ...identity.ids,
      env: { ...binaries.environment },
      cwd: '/',
      detached: true, // Ctrl-C is for the service, which stops PostgreSQL last
      stdio: ['ignore', logFile, logFile, lock],
    })
  } finally {
    closeSync(lock)
  }
}
