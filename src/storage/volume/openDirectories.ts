import { closeSync, fsyncSync, openSync } from 'node:fs'
import { failpoint } from '../../runtime/failpoint.ts'

/** Directories that a thread that writes files keeps open to sync them; at most 257: the shards and `staging`. */
const directories = new Map<string, number>()

/** Makes the names in a directory durable (U8). Throws the system's error. */
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

/** Closes all directories: they belong to a volume that is no longer mounted. */
export function closeDirectories(): void {
  for (const fd of directories.values()) closeSync(fd)
  directories.clear()
}
