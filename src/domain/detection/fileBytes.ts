import type { ByteRange } from '../../model/blob.ts'

/** The bytes of a received file, as far as detection may see them. */
export interface FileBytes {
  /** Bytes of the whole file. */
  readonly size: number
  /** The first bytes. */
  readonly head: Buffer
  /**
   * The bytes from `first` on; fewer than `length` at the end of the file, and once detection has read all that it may.
   * Throws what the storage throws.
   */
  read(first: number, length: number): Promise<Buffer>
}

/** Detectors read a few bytes at a time, near to each other. */
const BLOCK_BYTES = 64 * 1024
/** The end of a ZIP archive, a long list of its entries, and one entry, with as much again for other formats. */
const MOST_BYTES = 1024 * 1024

/**
 * A file whose head is in memory. `readBack` returns other bytes of it from the storage; it is called for at most 1 MiB in
 * blocks of 64 KiB or more, so that no file keeps detection busy with reading.
 */
export function createFileBytes(
  { size, head }: Pick<FileBytes, 'size' | 'head'>,
  readBack: (range: ByteRange) => Promise<Buffer>,
): FileBytes {
  let bytesLeft = MOST_BYTES
  let block = { first: 0, bytes: head }

  return {
    size,
    head,
    async read(first, length) {
      const wanted = Math.max(0, Math.min(length, size - first))
      if (wanted === 0) return Buffer.alloc(0)
      for (const { first: start, bytes } of [{ first: 0, bytes: head }, block])
        if (first >= start && first + wanted <= start + bytes.length)
          return bytes.subarray(first - start, first - start + wanted)
      const blockLength = Math.min(Math.max(wanted, BLOCK_BYTES), size - first)
      if (blockLength > bytesLeft) return Buffer.alloc(0)
      bytesLeft -= blockLength
      block = { first, bytes: await readBack({ first, last: first + blockLength - 1 }) }
      return block.bytes.subarray(0, wanted)
    },
  }
}
