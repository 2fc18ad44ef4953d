import { closeSync, fsyncSync, openSync } from 'node:fs'
import { failpoint } from '../../runtime/failpoint.ts'

/** Directories of the thread for small files, kept open to be synced again and again; there are at most 256. */
const directories = new Map<string, number>()

/** Makes the names in a directory durable (U8). Throws what the system throws. */
export async function syncDirectory(name: string): Promise<void> {
  await failpoint('U8')
  const fd = directories.get(name) ?? openSync(name, 'r')
  directories.set(name, fd)
  try {
    fsyncSync(fd)
  } catch (error) {
    directories.delete(name)
    closeSync(fd)
    throw error
  }
}

/** Forgets all of them: another volume is mounted where they were. */
export function closeDirectories(): void {
  for (const fd of directories.values()) closeSync(fd)
  directories.clear()
}
