import type { ByteRange, StorageKey } from '../model/blob.ts'
import type { Storage } from './storage.ts'

/**
 * Yields the bytes of a range in buffers of `blockBytes`, the last one shorter; each is overwritten once the next one is asked
 * for. Throws the errors of `Storage.open` before the first buffer, and those of `BlobReader.read`.
 */
export async function* readBlocks(
  { open }: Pick<Storage, 'open'>,
  key: StorageKey,
  { first, last }: ByteRange,
  blockBytes: number,
): AsyncGenerator<Buffer, void, void> {
  const reader = await open(key, { first, last })
  // Two buffers take turns: fresh ones would cost the kernel more than the bytes in them.
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.min(blockBytes, last + 1 - first)))
  const blockAt = async (position: number) => {
    const [buffer = Buffer.alloc(0)] = buffers.reverse()
    const block = buffer.subarray(0, Math.min(blockBytes, last + 1 - position))
    await reader.read(position, block)
    return block
  }
  let ahead: Promise<Buffer> | undefined
  try {
    for (let position = first; position <= last; ) {
      const block = await (ahead ?? blockAt(position))
      position += block.length
      // The next block is read while the caller uses this one.
      ahead = position <= last ? blockAt(position) : undefined
      ahead?.catch(() => {}) // awaited in the next round, unless the caller stops before
      yield block
    }
  } finally {
    await reader.close()
  }
}
