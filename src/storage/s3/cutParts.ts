import { createPartTaker, type PartBuffer, type PartBuffers } from './partBuffers.ts'

/**
 * Cuts the bytes of one upload into parts, the last one shorter. The caller releases each part once it is sent. The first
 * part waits for a buffer; the upload holds more buffers only while no other upload waits. Throws `storage-unavailable` when
 * no buffer is free for 30 s, what `batches` throws, and the reason of `failing` at the next batch.
 */
export async function* cutParts(
  batches: AsyncIterable<readonly Buffer[]>,
  buffers: PartBuffers,
  failing: AbortSignal,
): AsyncGenerator<PartBuffer, void, void> {
  const take = createPartTaker(buffers)
  let part: PartBuffer | undefined
  let filled = 0
  try {
    for await (const batch of batches) {
      failing.throwIfAborted()
      for (const buffer of batch) {
        for (let offset = 0; offset < buffer.length; ) {
          part ??= await take()
          const copied = buffer.copy(part.bytes, filled, offset)
          offset += copied
          filled += copied
          if (filled < part.bytes.length) continue
          const full = part
          part = undefined
          filled = 0
          yield full
        }
      }
    }
    if (!part) return
    const last = { bytes: part.bytes.subarray(0, filled), release: part.release }
    part = undefined
    yield last
  } finally {
    part?.release()
  }
}
