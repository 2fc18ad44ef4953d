import { setTimeout as sleep } from 'node:timers/promises'
import { readPidFile } from './pidFile.ts'
import { lockedExitCode, type Postmaster } from './postmaster.ts'
import { inUse } from './previousRun.ts'
import type { ServerLog } from './serverLog.ts'

interface Start {
  readonly postmaster: Postmaster
  readonly dataFolder: string
  readonly serverLog: ServerLog
  readonly log: (message: string) => void
  readonly signal: AbortSignal | undefined
}

/**
 * Resolves when PostgreSQL accepts connections. Has no time limit: after a crash there may be much to replay. Throws an Error
 * with the end of the server's log when PostgreSQL ends before, and the reason of `signal` when that is aborted.
 */
export async function becomeReady({ postmaster, dataFolder, serverLog, log, signal }: Start): Promise<void> {
  const slow = setTimeout(() => log(`PostgreSQL is still starting, see ${serverLog.path}`), 3000)
  try {
    while (postmaster.isRunning()) {
      signal?.throwIfAborted()
      const pidFile = await readPidFile(dataFolder)
      if (pidFile?.pid === postmaster.pid && pidFile.status === 'ready') return
      await sleep(5)
    }
  } finally {
    clearTimeout(slow)
  }
  const code = await postmaster.exited
  if (code === lockedExitCode) throw inUse({ dataFolder })
  throw new Error(
    `PostgreSQL ended (${code}) before it was ready, see ${serverLog.path}\n${await serverLog.readTail()}`,
  )
}
