import { findCollector } from './collector.ts'

/** Frees the buffers of connections while they are young (docs/decisions/0016). */
export interface YoungBuffers {
  /** Begins to count the buffers of one reader: a body that arrives, or an object that is read from S3. */
  open(): BufferReader
}

/** A reader takes buffers from a connection, one after the other, and drops each soon. */
export interface BufferReader {
  /** Counts a buffer of `bytes` bytes that came. */
  count(bytes: number): void
  end(): void
}

/** Collect after 4 MiB: V8 itself starts a full collection at about 16 MiB. */
const LEAST_BYTES = 4 * 2 ** 20

/**
 * With several readers, collect after 1 MiB of each: a buffer that survives two collections counts as old, and only a full
 * collection frees it.
 */
const BYTES_OF_READER = 2 ** 20

/** Above this number of readers most buffers are still in use, and a collection finds little to free. */
const MOST_READERS = 8

/**
 * Collects the young generation as bytes arrive, unless `enabled` is false. Buffers of connections lie outside of V8's
 * heap; V8 marks the whole heap to free them whenever some 16 MiB have come, which costs about as much as their digests.
 */
export function createYoungBuffers({ enabled }: { readonly enabled: boolean }): YoungBuffers {
  const collect = enabled ? findCollector() : undefined
  let readers = 0
  let bytesSince = 0
  return {
    open() {
      readers += 1
      let open = true
      return {
        count(bytes) {
          bytesSince += bytes
          if (bytesSince < Math.max(LEAST_BYTES, readers * BYTES_OF_READER)) return
          bytesSince = 0
          if (readers <= MOST_READERS) collect?.({ type: 'minor' })
        },
        end() {
          if (open) readers -= 1
          open = false
        },
      }
    },
  }
}
