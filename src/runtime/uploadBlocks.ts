import { storageUnavailable } from '../errors/service.ts'

/** The memory of all large uploads: blocks that threads and the disk read in place (docs/decisions/0030). */
export interface UploadBlocks {
  /**
   * Lends `BLOCKS_OF_UPLOAD` blocks of one size for an upload: of 1 MiB, smaller ones when many uploads run. Throws
   * `storage-unavailable` when there is no memory.
   */
  lend(): LentBlocks
}

interface Blocks {
  /** All lie in one shared memory. Each begins at a page of memory and has a multiple of `pageBytes` bytes. */
  readonly blocks: readonly Buffer[]
}

export interface LentBlocks extends Blocks {
  /** Gives all blocks back. To be called once, when nobody writes into them or needs their bytes any more. */
  release(): void
}

export const BLOCKS_OF_UPLOAD = 4
const LARGEST_BLOCK_BYTES = 2 ** 20
const SMALLEST_BLOCK_BYTES = 16 * 1024

/** Direct writes need memory, lengths and positions that are multiples of this. */
export const pageBytes = 4096

/**
 * The blocks of n uploads come from sizes for which n uploads fit into these 64 MiB: 1 MiB up to 16 uploads, 256 KiB up to 64,
 * 64 KiB up to 256, then 16 KiB.
 */
const BYTES_FOR_SIZE = 64 * 2 ** 20

/** After this time without an upload, all blocks are left to the collector. */
const IDLE_MILLISECONDS = 5000

export function createUploadBlocks(): UploadBlocks {
  /** By the bytes of a block. The blocks that were given back last are lent first: their pages are in memory. */
  const idle = new Map<number, Blocks[]>()
  let lent = 0
  let forgetting: NodeJS.Timeout | undefined

  return {
    lend() {
      const blockBytes = blockBytesOf(lent + 1)
      const blocks = idle.get(blockBytes)?.pop() ?? makeBlocks(blockBytes)
      lent += 1
      clearTimeout(forgetting)
      return {
        ...blocks,
        release() {
          lent -= 1
          const same = idle.get(blockBytes)
          if (same) same.push(blocks)
          else idle.set(blockBytes, [blocks])
          if (lent === 0) forgetting = setTimeout(() => idle.clear(), IDLE_MILLISECONDS).unref()
        },
      }
    },
  }
}

/** The block size of an upload when this many run, itself included. */
function blockBytesOf(uploads: number): number {
  let bytes = LARGEST_BLOCK_BYTES
  while (bytes > SMALLEST_BLOCK_BYTES && uploads * BLOCKS_OF_UPLOAD * bytes > BYTES_FOR_SIZE) bytes /= 4
  return bytes
}

function makeBlocks(blockBytes: number): Blocks {
  const bytes = BLOCKS_OF_UPLOAD * blockBytes
  try {
    // V8 maps whole pages for memory that may grow; other memory begins anywhere.
    const memory = new SharedArrayBuffer(bytes, { maxByteLength: bytes })
    const blockAt = (_: unknown, at: number) => Buffer.from(memory, at * blockBytes, blockBytes)
    return { blocks: Array.from({ length: BLOCKS_OF_UPLOAD }, blockAt) }
  } catch (error) {
    throw storageUnavailable(error)
  }
}
