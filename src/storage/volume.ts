import { randomUUID } from 'node:crypto'
import { type FileHandle, lstat, opendir, rename, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileDamaged, fileNotFound, hasCode, storageUnavailable } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import { createDirectorySync } from './durableDirectory.ts'
import { createSmallWrites } from './smallWrites.ts'
import type { ByteRange, Storage, StorageKey } from './storage.ts'
import { systemCode, toStorageError } from './systemErrors.ts'
import {
  insistOnUnused,
  openNew,
  openRegular,
  prepareVolume,
  readWhole,
  removeFile,
  volumeLayout,
  writeWhole,
} from './volumeFiles.ts'
import { createVolumeIdentity } from './volumeIdentity.ts'
import { writeBatches } from './writeBatches.ts'

export interface VolumeStorage extends Storage {
  close(): Promise<void>
}

/** How old the answer to "how much room is there" may be; the reserve that uploads leave covers what comes meanwhile. */
const FREE_SPACE_MILLISECONDS = 250

/**
 * Bytes as files below a directory: written in `tmp`, synced, renamed to `blobs/<shard>`, and the rename synced.
 * Throws when the directories cannot be made.
 */
export async function createVolumeStorage(root: string): Promise<VolumeStorage> {
  const layout = volumeLayout(root)
  const directories = createDirectorySync()
  await prepareVolume(root, directories)
  const identity = createVolumeIdentity(layout.identity)
  /** After a failed fsync the kernel may have dropped pages: the volume has to prove itself before it gets more (F3). */
  const trust = { syncFailures: 0, forgiven: 0 }
  const distrust = () => {
    trust.syncFailures += 1
  }
  let free = { bytes: 0, until: 0 }
  const small = createSmallWrites(distrust, () => ({ path: layout.identity, stamp: identity.stamp() }))

  /** A volume that was mounted anew has other directories than those held open. */
  async function insistOnIdentity() {
    if ((await identity.insist()) === 'anew') await directories.close()
  }

  async function check() {
    const path = join(layout.temporary, `check-${randomUUID()}`)
    const { syncFailures } = trust
    try {
      if (trust.forgiven < syncFailures) await failpoint('U5')
      await insistOnIdentity()
      await writeWhole(path, 'upfile', layout.temporary, directories)
      const { handle } = await openRegular(path)
      const text = await handle.readFile('utf8').finally(() => handle.close())
      await removeFile(path)
      if (text !== 'upfile') throw new Error(`${root} does not give back what was written`)
      trust.forgiven = syncFailures
    } catch (error) {
      await removeFile(path).catch(() => {})
      throw toStorageError(error)
    }
  }

  /** Does what makes bytes durable, once: what fails here must not be tried again (F3). */
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

  async function write(key: StorageKey, batches: AsyncIterable<readonly Buffer[]>) {
    if (trust.forgiven < trust.syncFailures) await check()
    const iterator = batches[Symbol.asyncIterator]()
    const first = await iterator.next()
    const second = first.done ? first : await iterator.next()
    if (!second.done) return await writeLarge(key, resumed([first.value, second.value], iterator))
    const target = {
      temporaryPath: layout.temporaryPath(key),
      path: layout.path(key),
      directory: layout.directoryOf(key),
    }
    const bytes = first.done ? [] : first.value
    const written = await small.write(target, bytes)
    if (written === 'done') return
    await attempt(insistOnIdentity) // ours may have been mounted anew
    if ((await small.write(target, bytes)) !== 'done') throw storageUnavailable(new Error(`${root} changes.`))
  }

  async function writeLarge(key: StorageKey, batches: AsyncIterable<readonly Buffer[]>) {
    const temporary = layout.temporaryPath(key)
    const handle = await attempt(async () => {
      await insistOnIdentity()
      await failpoint('U2')
      return openNew(temporary)
    })
    try {
      await attempt(() => insistOnUnused(layout.path(key)))
      await writeBatches(handle, batches, syncEarly)
      await attempt(() => syncing(() => syncAndClose(handle)))
    } catch (error) {
      await handle.close().catch(() => {}) // closed already when that is what failed
      throw error
    }
    await attempt(async () => {
      await failpoint('U7')
      await rename(temporary, layout.path(key))
      await syncing(async () => {
        await failpoint('U8')
        await directories.sync(layout.directoryOf(key))
      })
    })
  }

  async function* read(
    key: StorageKey,
    range: ByteRange,
    blockBytes: number,
  ): AsyncGenerator<Buffer, void, void> {
    const { handle, size } = await openToRead(layout.path(key)).catch(async (error: unknown) => {
      // What is not on another volume, or on none, may well be on ours.
      if (hasCode(error, 'file-not-found')) await attempt(insistOnIdentity)
      throw error
    })
    // Two buffers take turns: fresh ones would cost the kernel more than the bytes in them.
    const buffers = [0, 1].map(() =>
      Buffer.allocUnsafeSlow(Math.min(blockBytes, range.last + 1 - range.first)),
    )
    const blockAt = (position: number) => {
      const [buffer = Buffer.alloc(0)] = buffers.reverse()
      const block = buffer.subarray(0, Math.min(blockBytes, range.last + 1 - position))
      return readFully(handle, position, block).catch((error: unknown) => {
        throw toStorageError(error)
      })
    }
    let ahead: Promise<Buffer> | undefined
    try {
      if (size <= range.last) throw fileDamaged(`The bytes under ${key} are ${size}, too few.`)
      for (let position = range.first; position <= range.last; ) {
        const block = await (ahead ?? blockAt(position))
        position += block.length
        // The next block is read while this one is on its way to the client.
        ahead = position <= range.last ? blockAt(position) : undefined
        ahead?.catch(() => {}) // awaited in the next round, or below when the client has gone
        yield block
      }
    } finally {
      await ahead?.catch(() => {})
      await handle.close()
    }
  }

  async function* list(shard: string) {
    await attempt(insistOnIdentity)
    for await (const name of namesIn(layout.temporary)) {
      if (/^[0-9a-f]{34}$/.test(name) && name.startsWith(shard))
        yield { key: `${shard}/${name.slice(2)}`, finished: false }
    }
    for await (const name of namesIn(layout.shard(shard))) yield { key: `${shard}/${name}`, finished: true }
  }

  return {
    write,
    read,
    list,
    check,
    async size(key) {
      const status = await lstat(layout.path(key)).catch(async (error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw toStorageError(error)
        await attempt(insistOnIdentity)
      })
      return status?.isFile() ? status.size : undefined
    },
    delete: (key) =>
      attempt(async () => {
        await insistOnIdentity()
        await removeFile(layout.temporaryPath(key))
        await removeFile(layout.path(key))
        await directories.sync(layout.directoryOf(key))
      }),
    async freeBytes() {
      if (performance.now() > free.until) {
        const { bavail, bsize } = await attempt(() => statfs(root))
        free = { bytes: bavail * bsize, until: performance.now() + FREE_SPACE_MILLISECONDS }
      }
      return free.bytes
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
        await writeWhole(layout.mark, String(sequence), dirname(layout.mark), directories)
      }),
    async close() {
      await small.close()
      await directories.close()
    },
  }
}

async function openToRead(path: string): Promise<{ handle: FileHandle; size: number }> {
  try {
    await failpoint('READ')
    return await openRegular(path)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT') throw fileNotFound()
    throw code === 'ELOOP' || code === undefined ? fileDamaged(String(error)) : storageUnavailable(error)
  }
}

async function attempt<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action()
  } catch (error) {
    throw toStorageError(error)
  }
}

/** Values that were taken from an iterator, and then the rest of it. */
async function* resumed<Value>(
  taken: readonly Value[],
  rest: AsyncIterator<Value>,
): AsyncGenerator<Value, void, void> {
  try {
    yield* taken
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function readFully(handle: FileHandle, position: number, block: Buffer): Promise<Buffer> {
  await failpoint('READ')
  for (let filled = 0; filled < block.length; ) {
    const { bytesRead } = await handle.read(block, filled, block.length - filled, position + filled)
    if (bytesRead === 0) throw fileDamaged('The bytes end before they should.')
    filled += bytesRead
  }
  return block
}

async function* namesIn(directory: string): AsyncGenerator<string> {
  for await (const entry of await opendir(directory)) yield entry.name
}
