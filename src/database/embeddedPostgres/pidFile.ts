import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The lines of postmaster.pid, which PostgreSQL writes into its data folder. */
export interface PidFile {
  readonly pid: number
  readonly socketFolder: string
  /** starting, stopping, ready */
  readonly status: string
}

/** PostgreSQL gives this name to the file itself. */
export const pidFilePath = (dataFolder: string): string => join(dataFolder, 'postmaster.pid')

/** Undefined when no PostgreSQL ran in the data folder, or the last one ended cleanly. */
export async function readPidFile(dataFolder: string): Promise<PidFile | undefined> {
  const text = await readFile(pidFilePath(dataFolder), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const lines = text.split('\n')
  return { pid: Number(lines[0]), socketFolder: lines[4] ?? '', status: lines[7]?.trim() ?? '' }
}
