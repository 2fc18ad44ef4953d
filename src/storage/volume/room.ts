import { setTimeout as sleep } from 'node:timers/promises'
import { storageFull } from '../../errors/service.ts'
import type { StorageKey } from '../../model/blob.ts'
import { createFreeSpace } from './freeSpace.ts'

/** The room of a volume that writes may use: its free bytes above the reserve. All large writes share it. */
export interface Room {
  /** Bytes that can still be taken; below 0 when the reserve is touched. */
  left(): Promise<number>
  /** Runs a write, which takes room for its bytes as it goes. */
  share<Result>(key: StorageKey, write: (share: RoomShare) => Promise<Result>): Promise<Result>
  /** To be called when a write that is too small to share has ended. */
  written(bytes: number): void
  /** To be called when the bytes under a key were removed. */
  freed(key: StorageKey): void
}

/** The part of the room that one write has. */
export interface RoomShare {
  /**
   * Takes room for bytes that are about to be written. When there is none, the youngest of the writes that wait is refused with
   * `storage-full`, and the others wait until its bytes are removed.
   */
  take(bytes: number): Promise<void>
  /** To be called when bytes are written: from now on the file system counts them. */
  written(bytes: number): void
}

/** A running write. */
interface Writing {
  readonly key: StorageKey
  /** The writes are numbered as they begin. */
  readonly number: number
  /** Bytes that were taken and are not written yet. */
  taken: number
  written: number
}

interface Waiting {
  readonly writing: Writing
  readonly bytes: number
  resolve(): void
  reject(error: unknown): void
}

/** The pause between two attempts to serve the writes that wait. */
const PAUSE_MILLISECONDS = 50
/** How long other writes wait for the removal of the bytes of a write that failed. */
const REMOVAL_MILLISECONDS = 2000
/** How long a refusal waits for bytes that are being written: until they are, they may be counted twice. */
const SETTLE_MILLISECONDS = 1000

/** The room of the volume at `root`. */
export function createRoom(root: string, reservedBytes: number): Room {
  const free = createFreeSpace(root)
  /** Bytes that all writes have taken and not written yet. */
  let taken = 0
  let begun = 0
  let running = 0
  /** The oldest write first. */
  let waiting: Waiting[] = []
  /** Writes that failed, and whose bytes are about to be removed. */
  const leaving = new Set<StorageKey>()

  const left = () => free.bytes() - reservedBytes - taken

  function leave({ key, written }: Writing) {
    if (written === 0) return
    leaving.add(key)
    setTimeout(() => leaving.delete(key), REMOVAL_MILLISECONDS).unref()
  }

  function give(writing: Writing, bytes: number) {
    writing.taken += bytes
    taken += bytes
  }

  function wait(writing: Writing, bytes: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (waiting.length === 0) void attend()
    const all = [...waiting, { writing, bytes, resolve, reject }]
    waiting = all.sort((one, other) => one.writing.number - other.writing.number)
    return promise
  }

  /** Serves the writes that wait, until none does. */
  async function attend() {
    let idleSince = performance.now()
    do {
      await sleep(PAUSE_MILLISECONDS)
      try {
        await free.ask()
      } catch (error) {
        for (const { reject } of waiting.splice(0)) reject(error)
        return
      }
      if (serveOldest()) idleSince = performance.now()
      const settled = taken === 0 || performance.now() - idleSince > SETTLE_MILLISECONDS
      if (waiting.length > 0 && settled && leaving.size === 0) refuseYoungest()
    } while (waiting.length > 0)
  }

  /** Serves waiting writes in the order of their age. False when there is no room for the oldest. */
  function serveOldest(): boolean {
    const { length } = waiting
    for (let oldest = waiting[0]; oldest && left() >= oldest.bytes; oldest = waiting[0]) {
      waiting.shift()
      give(oldest.writing, oldest.bytes)
      oldest.resolve()
    }
    return waiting.length < length
  }

  function refuseYoungest() {
    const youngest = waiting.pop()
    if (youngest) leave(youngest.writing)
    youngest?.reject(storageFull())
  }

  return {
    async left() {
      await free.refresh()
      return left()
    },

    async share(key, write) {
      const writing = { key, number: begun++, taken: 0, written: 0 }
      running += 1
      try {
        return await write({
          async take(bytes) {
            if (waiting.length === 0) await free.refresh()
            if (waiting.length === 0 && left() >= bytes) return give(writing, bytes)
            if (running > 1 || leaving.size > 0) return await wait(writing, bytes)
            await free.ask()
            if (left() < bytes) throw storageFull() // no other write gives room back
            give(writing, bytes)
          },
          written(bytes) {
            writing.taken -= bytes
            writing.written += bytes
            taken -= bytes
            free.written(bytes)
          },
        })
      } catch (error) {
        leave(writing)
        throw error
      } finally {
        running -= 1
        taken -= writing.taken
      }
    },

    written: free.written,

    freed(key) {
      leaving.delete(key)
      free.removed()
    },
  }
}
