import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** The environment variable that names a file system in memory; it is empty where data belong on a disk. */
export const MEMORY = 'UPFILE_TEST_MEMORY'

const ROOM_BYTES = 4 * 2 ** 30

/** A file system in memory with room for the data of a whole run, if this machine has one. */
export function findMemory(): string | undefined {
  try {
    const { type, bavail, bsize } = statfsSync('/dev/shm')
    return type === TMPFS && bavail * bsize >= ROOM_BYTES ? '/dev/shm' : undefined
  } catch {
    return undefined // only Linux has it
  }
}

/** Of `statfs(2)`. */
const TMPFS = 0x01021994

/** Where services and databases of this test file keep their data. */
export const dataParent = (): string => process.env[MEMORY] || tmpdir()
