import type { FileHandle } from 'node:fs/promises'
import { failpoint } from '../../runtime/failpoint.ts'
import type { RoomShare } from './room.ts'
import { toStorageError } from './systemErrors.ts'

/** After every 32 MiB the file is synced early, so that the final fsync has little left to write. */
const EARLY_SYNC_BYTES = 32 * 2 ** 20

/**
 * Writes every batch to the file, in order, as there is room, with at most one write in flight while the next batch fills.
 * `syncEarly` is called after every 32 MiB, never twice at once, and never again after it failed. Throws `storage-full`,
 * `storage-unavailable`, or whatever `batches` throws.
 */
export async function writeBatches(
  handle: FileHandle,
  batches: AsyncIterable<readonly Buffer[]>,
  room: RoomShare,
  syncEarly: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  let writing: Promise<void> = Promise.resolve()
  let syncing: Promise<void> | undefined
  let unsynced = 0
  let syncFailure: unknown
  try {
    for await (const batch of batches) {
      await writing
      if (syncFailure !== undefined) throw syncFailure
      const bytes = byteLength(batch)
      await room.take(bytes)
      writing = writeFully(handle, batch).then(() => room.written(bytes))
      writing.catch(() => {}) // awaited before the next batch, or below
      unsynced += bytes
      if (unsynced < EARLY_SYNC_BYTES || syncing) continue
      unsynced = 0
      // The kernel reports a lost page to one fsync only: a failure here must not be forgotten for the final one.
      syncing = syncEarly(handle)
        .catch((error: unknown) => {
          syncFailure = toStorageError(error)
        })
        .finally(() => {
          syncing = undefined
        })
    }
    await writing
    await syncing
    if (syncFailure !== undefined) throw syncFailure
  } finally {
    // The handle must not be closed under a call that still uses it.
    await Promise.allSettled([writing, syncing])
  }
}

async function writeFully(handle: FileHandle, batch: readonly Buffer[]): Promise<void> {
  try {
    await failpoint('U3')
    let rest = batch
    for (;;) {
      const { bytesWritten } = await handle.writev(rest)
      const left = byteLength(rest) - bytesWritten
      if (left === 0) return
      rest = [Buffer.concat(rest).subarray(bytesWritten)] // a short write: rare, and on its way to an error
    }
  } catch (error) {
    throw toStorageError(error)
  }
}

/** The bytes of a batch. */
export const byteLength = (batch: readonly Buffer[]) => batch.reduce((total, { length }) => total + length, 0)
