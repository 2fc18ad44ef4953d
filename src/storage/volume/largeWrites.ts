import { rename } from 'node:fs/promises'
import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { insistOnDirectories } from './directories.ts'
import type { DirectorySync } from './directorySync.ts'
import { byteLength, type FileMaker, type GrowingFile } from './fileMaker.ts'
import { insistOnUnused, type VolumeLayout } from './files.ts'
import type { Room, RoomShare } from './room.ts'
import { attempt } from './systemErrors.ts'

export interface LargeWritesOptions {
  readonly layout: VolumeLayout
  readonly directories: DirectorySync
  readonly maker: FileMaker
  readonly room: Room
  insistOnIdentity(): Promise<void>
  /** Called when bytes that seemed to be written may be lost. */
  distrust(): void
}

/** Writes files of several batches, each while its bytes arrive (U2-U8). */
export function createLargeWrites({
  layout,
  directories,
  maker,
  room,
  insistOnIdentity,
  distrust,
}: LargeWritesOptions) {
  async function write(key: StorageKey, batches: AsyncIterable<readonly Buffer[]>, share: RoomShare) {
    const temporary = layout.temporaryPath(key)
    const file = await attempt(async () => {
      await insistOnIdentity()
      await insistOnDirectories(layout.wayTo(key))
      await failpoint('U2')
      return maker.create(temporary, distrust)
    })
    try {
      await attempt(() => insistOnUnused(layout.path(key)))
      await writeAll(file, batches, share)
      await attempt(file.finish)
    } catch (error) {
      await file.abandon()
      throw error
    }
    await attempt(async () => {
      await failpoint('U7')
      await insistOnDirectories(layout.wayTo(key)) // the upload may have taken hours
      await rename(temporary, layout.path(key))
      await syncDirectory(layout.directoryOf(key))
    })
  }

  async function syncDirectory(directory: string) {
    try {
      await failpoint('U8')
      await directories.sync(directory)
    } catch (error) {
      distrust()
      throw error
    }
  }

  return {
    /** Resolves when the bytes are durable. Throws `storage-full`, `storage-unavailable`, or what `batches` throws. */
    write: (key: StorageKey, batches: AsyncIterable<readonly Buffer[]>): Promise<void> =>
      room.share(key, (share) => write(key, batches, share)),
  }
}

/** Writes every batch, in order, as there is room: at most one at a time, while the next fills. */
async function writeAll(file: GrowingFile, batches: AsyncIterable<readonly Buffer[]>, room: RoomShare) {
  let writing: Promise<void> = Promise.resolve()
  try {
    for await (const batch of batches) {
      await writing
      const bytes = byteLength(batch)
      await room.take(bytes)
      writing = attempt(() => file.write(batch)).then(() => room.written(bytes))
      writing.catch(() => {}) // awaited before the next batch, or below
    }
    await writing
  } finally {
    await Promise.allSettled([writing]) // the file must not be closed under a call that still uses it
  }
}
