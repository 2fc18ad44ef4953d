import { storageUnavailable } from '../../errors/service.ts'
import type { StorageKey } from '../../model/blob.ts'
import { joinBuffers } from '../../runtime/joinBuffers.ts'
import { isShared } from '../../runtime/sharedBytes.ts'
import { resumed } from '../resumed.ts'
import { byteLength } from './fileMaker.ts'
import type { IdentityStamp } from './identity.ts'
import { createLargeWrites, type LargeWritesOptions } from './largeWrites.ts'
import { attempt } from './systemErrors.ts'
import { createThreadWrites, type ThreadWrites } from './threadWrites.ts'

/** A file of one batch and at most this size is copied to a thread, unless it lies in a shared block. */
const MOST_COPIED_BYTES = 256 * 1024

interface VolumeWritesOptions extends LargeWritesOptions {
  /** The directory of the volume. */
  readonly root: string
  /** The stamp by which a thread knows the volume. */
  stamp(): IdentityStamp | undefined
}

/**
 * Writes the files of a volume: those of one batch in threads of their own, many at once, those of several batches each while its
 * bytes arrive.
 */
export function createVolumeWrites(options: VolumeWritesOptions) {
  const { root, room, stamp, insistOnIdentity, distrust } = options
  const large = createLargeWrites(options)
  const small = createThreadWrites(root, distrust, stamp)
  /** A thread of its own: small files do not wait for the bytes of larger ones. */
  const blocks = createThreadWrites(root, distrust, stamp)

  async function writeWith(writes: ThreadWrites, key: StorageKey, bytes: Buffer) {
    if ((await writes.write(key, bytes)) === 'done') return
    await attempt(insistOnIdentity) // the same volume may have been mounted anew
    if ((await writes.write(key, bytes)) === 'done') return
    throw storageUnavailable(new Error(`${root} changes.`))
  }

  const writeBlock = (key: StorageKey, bytes: Buffer) =>
    room.share(key, async (share) => {
      await share.take(bytes.length)
      await writeWith(blocks, key, bytes)
      share.written(bytes.length)
    })

  async function put(key: StorageKey, bytes: Buffer) {
    await writeWith(small, key, bytes)
    room.written(bytes.length)
  }

  return {
    /** Writes a small file. Resolves when the bytes are durable. Throws `storage-full`, `storage-unavailable`. */
    put,
    /** Resolves when the bytes are durable. Throws `storage-full`, `storage-unavailable`, or what `batches` throws. */
    async write(key: StorageKey, batches: AsyncIterable<readonly Buffer[]>): Promise<void> {
      const iterator = batches[Symbol.asyncIterator]()
      const first = await iterator.next()
      const second = first.done ? first : await iterator.next()
      const taken = [first, second].flatMap(({ done, value }) => (done ? [] : [value]))
      const batch = taken[0] ?? []
      const [block, ...others] = batch
      if (!second.done) await large.write(key, resumed(taken, iterator))
      else if (block && others.length === 0 && isShared(block)) await writeBlock(key, block)
      else if (byteLength(batch) > MOST_COPIED_BYTES) await large.write(key, resumed(taken, iterator))
      else await put(key, joinBuffers(batch))
    },
    /** As `write`, for bytes that are probably many. */
    writeLarge: large.write,
    async close(): Promise<void> {
      await Promise.all([small.close(), blocks.close()])
    },
  }
}
