import { randomUUID } from 'node:crypto'
import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode, hasCode } from '../../errors.ts'
import type { ByteRange, StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { joinParts } from '../joinedParts.ts'
import type { Storage } from '../storage.ts'
import { insistOnDirectories } from './directories.ts'
import { createDirectorySync } from './directorySync.ts'
import { createDiskSpeed } from './diskSpeed.ts'
import { createFileMaker } from './fileMaker.ts'
import { openRegular, prepareVolume, readWhole, removeFile, volumeLayout, writeWhole } from './files.ts'
import { createVolumeIdentity } from './identity.ts'
import { listVolume } from './listing.ts'
import { openToRead } from './reads.ts'
import { createRoom } from './room.ts'
import { attempt, toStorageError } from './systemErrors.ts'
import { createInPool } from './writableFiles.ts'
import { createVolumeWrites } from './writes.ts'

export interface VolumeStorage extends Storage {
  close(): Promise<void>
}

/**
 * Bytes as files below a directory: written in `tmp`, synced, renamed to `blobs/<shard>`, and the rename synced. Writes leave
 * `reservedFreeBytes` free. Throws when the directories cannot be made.
 */
export async function createVolumeStorage(
  root: string,
  { reservedFreeBytes = 0 }: { readonly reservedFreeBytes?: number } = {},
): Promise<VolumeStorage> {
  const layout = volumeLayout(root)
  const directories = createDirectorySync()
  await prepareVolume(root, directories)
  const identity = createVolumeIdentity(layout.identity)
  /** After a failed write or fsync the kernel may have dropped pages: no more is written before a `check` succeeds (F3). */
  const trust = { failures: 0, forgiven: 0 }
  const distrust = () => {
    trust.failures += 1
  }
  const disk = createDiskSpeed()
  const maker = createFileMaker(createInPool)
  const room = createRoom(root, reservedFreeBytes)

  /** After a new mount the directories that are held open belong to the old mount. */
  async function insistOnIdentity() {
    if ((await identity.insist()) !== 'anew') return
    maker.remounted()
    await directories.close()
  }

  const writes = createVolumeWrites({
    layout,
    directories,
    maker,
    room,
    stamp: identity.stamp,
    root,
    insistOnIdentity,
    distrust,
  })

  async function check() {
    const path = join(layout.temporary, `check-${randomUUID()}`)
    const { failures } = trust
    try {
      if (trust.forgiven < failures) await failpoint('U5')
      await insistOnIdentity()
      await insistOnDirectories([layout.temporary, layout.staging, layout.blobs])
      await writeWhole(path, 'upfile', layout.temporary, directories)
      const { handle } = await openRegular(path)
      const text = await handle.readFile('utf8').finally(() => handle.close())
      await removeFile(path)
      if (text !== 'upfile') throw new Error(`${root} does not give back what was written`)
      trust.forgiven = failures
    } catch (error) {
      await removeFile(path).catch(() => {})
      throw toStorageError(error)
    }
  }

  async function put(key: StorageKey, bytes: Buffer) {
    if (trust.forgiven < trust.failures) await check()
    await writes.put(key, bytes)
  }

  async function write(key: StorageKey, batches: AsyncIterable<readonly Buffer[]>) {
    if (trust.forgiven < trust.failures) await check()
    await writes.write(key, batches)
  }

  async function compose(key: StorageKey, parts: readonly StorageKey[]) {
    const batches = await joinParts({ size, open }, parts)
    if (trust.forgiven < trust.failures) await check()
    await writes.writeLarge(key, batches)
  }

  async function size(key: StorageKey) {
    const status = await lstat(layout.path(key)).catch(async (error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw toStorageError(error)
      await attempt(insistOnIdentity)
    })
    return status?.isFile() ? status.size : undefined
  }

  const open = (key: StorageKey, range: ByteRange) =>
    openToRead(layout.path(key), range, disk).catch(async (error: unknown) => {
      // Another volume may be mounted: then `storage-unavailable` is the answer.
      if (hasCode(error, 'file-not-found')) await attempt(insistOnIdentity)
      throw error
    })

  async function* list(shard?: string) {
    await attempt(insistOnIdentity)
    yield* listVolume(layout, shard)
  }

  return {
    description: {
      kind: 'volume',
      identity: '.volume-id',
      mark: 'DATA_DIR/volume/.hwm',
      settings: 'DATA_DIR',
      question: 'is the volume mounted at DATA_DIR?',
    },
    put,
    write,
    open,
    list,
    check,
    size,
    compose,
    // Clients reach a volume only through the service.
    direct: undefined,
    delete: (key) =>
      attempt(async () => {
        await insistOnIdentity()
        await insistOnDirectories(layout.wayTo(key))
        await removeFile(layout.temporaryPath(key))
        await removeFile(layout.path(key))
        room.freed(key)
        await directories.sync(layout.directoryOf(key))
      }),
    boundless: false,
    async freeBytes() {
      if (trust.forgiven < trust.failures) await check()
      return await room.left()
    },
    readIdentity: identity.read,
    async writeIdentity(id) {
      await writeWhole(layout.identity, `${id}\n`, root, directories)
      await identity.read()
    },
    readMark: () =>
      attempt(async () => {
        await insistOnIdentity()
        return Number((await readWhole(layout.mark)) ?? 0)
      }),
    writeMark: (sequence) =>
      attempt(async () => {
        await insistOnIdentity()
        if (Number((await readWhole(layout.mark)) ?? 0) >= sequence) return
        await writeWhole(layout.mark, String(sequence), dirname(layout.mark), directories)
      }),
    async close() {
      await writes.close()
      await directories.close()
    },
  }
}
