import { type FileHandle, rename } from 'node:fs/promises'
import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { insistOnDirectories } from './directories.ts'
import type { DirectorySync } from './directorySync.ts'
import { insistOnUnused, openNew, type VolumeLayout } from './files.ts'
import type { Room, RoomShare } from './room.ts'
import { attempt } from './systemErrors.ts'
import { writeBatches } from './writeBatches.ts'

export interface LargeWritesOptions {
  readonly layout: VolumeLayout
  readonly directories: DirectorySync
  readonly room: Room
  insistOnIdentity(): Promise<void>
  /** Called when a file or a directory could not be synced. */
  distrust(): void
}

/** Writes files of several batches, each while its bytes arrive (U2-U8). */
export function createLargeWrites({
  layout,
  directories,
  room,
  insistOnIdentity,
  distrust,
}: LargeWritesOptions) {
  /** Runs a sync, once: after a failure the kernel may have dropped pages, and a second sync would succeed (F3). */
  async function syncing(work: () => Promise<void>) {
    try {
      await work()
    } catch (error) {
      distrust()
      throw error
    }
  }

  const syncEarly = (handle: FileHandle) =>
    syncing(async () => {
      await failpoint('U5')
      await handle.datasync()
    })

  async function syncAndClose(handle: FileHandle) {
    await failpoint('U5')
    await handle.sync()
    await failpoint('U6')
    await handle.close()
  }

  async function write(key: StorageKey, batches: AsyncIterable<readonly Buffer[]>, share: RoomShare) {
    const temporary = layout.temporaryPath(key)
    const handle = await attempt(async () => {
      await insistOnIdentity()
      await insistOnDirectories(layout.wayTo(key))
      await failpoint('U2')
      return openNew(temporary)
    })
    try {
      await attempt(() => insistOnUnused(layout.path(key)))
      await writeBatches(handle, batches, share, syncEarly)
      await attempt(() => syncing(() => syncAndClose(handle)))
    } catch (error) {
      await handle.close().catch(() => {}) // closed already when closing failed
      throw error
    }
    await attempt(async () => {
      await failpoint('U7')
      await insistOnDirectories(layout.wayTo(key)) // the upload may have taken hours
      await rename(temporary, layout.path(key))
      await syncing(async () => {
        await failpoint('U8')
        await directories.sync(layout.directoryOf(key))
      })
    })
  }

  return {
    /** Resolves when the bytes are durable. Throws `storage-full`, `storage-unavailable`, or what `batches` throws. */
    write: (key: StorageKey, batches: AsyncIterable<readonly Buffer[]>): Promise<void> =>
      room.share(key, (share) => write(key, batches, share)),
  }
}
