import { statfs } from 'node:fs/promises'
import { attempt } from './systemErrors.ts'

/** The free bytes of a file system: as it said last, without those that were written since. */
export interface FreeSpace {
  bytes(): number
  /** Asks the file system. */
  ask(): Promise<void>
  /** Asks the file system unless it was asked a moment ago. */
  refresh(): Promise<void>
  written(bytes: number): void
  /** To be called when bytes were removed: the next `refresh` asks. */
  removed(): void
}

/** How long an answer of the file system counts. */
const FRESH_MILLISECONDS = 50

/** The free space where `root` is mounted. */
export function createFreeSpace(root: string): FreeSpace {
  let free = { bytes: 0, until: 0 }
  let writtenSince = 0
  let removals = 0
  let asking: Promise<void> | undefined

  async function askOnce() {
    // Bytes that are written while the file system answers stay counted, because its answer may lack them. After a removal
    // meanwhile, it has to be asked again.
    const known = writtenSince
    const knownRemovals = removals
    const { bavail, bsize } = await attempt(() => statfs(root))
    writtenSince -= known
    const fresh = removals === knownRemovals ? performance.now() + FRESH_MILLISECONDS : 0
    free = { bytes: bavail * bsize, until: fresh }
  }

  async function ask() {
    asking ??= askOnce().finally(() => {
      asking = undefined
    })
    await asking
  }

  return {
    bytes: () => free.bytes - writtenSince,
    ask,
    async refresh() {
      if (performance.now() > free.until) await ask()
    },
    written(bytes) {
      writtenSince += bytes
    },
    removed() {
      removals += 1
      free.until = 0
    },
  }
}
