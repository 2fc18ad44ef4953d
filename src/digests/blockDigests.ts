import { createHash } from 'node:crypto'
import type { Digests } from '../model/blob.ts'
import type { UploadBlocks } from '../runtime/uploadBlocks.ts'
import { createBlockCrc32 } from './blockChecks.ts'
import type { DigestThreads } from './digestThreads.ts'

/** The memory and the threads for the digests of large files. */
export interface DigestRoom {
  readonly digestThreads: DigestThreads
  readonly uploadBlocks: UploadBlocks
}

/** Digests the bytes of a large file in the blocks that they are copied into. */
export interface BlockDigests {
  /** Copies bytes into blocks, and yields each block that is full. Throws `storage-unavailable` when the thread ended. */
  fill(bytes: Buffer): AsyncGenerator<Buffer, void, void>
  /** The bytes of the last block, which is not full; undefined when there are none. */
  rest(): Buffer | undefined
  /** Throws `storage-unavailable` when the thread ended. */
  finish(): Promise<{ digests: Digests; blockCrc32: Buffer }>
  /** Gives the blocks back, finished or not. */
  close(): void
}

/** These bytes are digested together, while the processor still has them in its cache. */
const PIECE_BYTES = 256 * 1024

/**
 * The event loop computes SHA-256, SHA-1 and the CRC-32 of blocks as the bytes arrive; a thread computes MD5, which takes about
 * as long alone, and SHA-512 when `sha512` is true. A block is filled again when the thread has digested it, and three other
 * blocks were filled meanwhile.
 */
export function openBlockDigests(
  { sha512 }: { readonly sha512: boolean },
  { digestThreads, uploadBlocks }: DigestRoom,
): BlockDigests {
  const names = sha512 ? ['md5', 'sha512'] : ['md5']
  const lent = uploadBlocks.lend()
  const there = digestThreads.open(names, lent.memory)
  const sha256 = createHash('sha256')
  const sha1 = createHash('sha1')
  const others = there ? [] : names.map((name) => createHash(name))
  const checks = createBlockCrc32()
  /** When the thread has digested what a block held last. */
  const digested: Promise<void>[] = []
  let begun = 0
  let block: Buffer | undefined
  let filled = 0
  let digestedHere = 0
  let open = true

  async function nextBlock() {
    const at = begun % lent.blocks.length
    await digested[at]
    begun += 1
    return lent.blocks[at]
  }

  function digestHere(bytes: Buffer) {
    for (const hash of [sha256, sha1, ...others]) hash.update(bytes)
    checks.update(bytes)
  }

  /** Digests what came since the last piece, when it is a piece or the end of the block. */
  function digestPiece(of: Buffer, atLeast: number) {
    if (filled - digestedHere < atLeast) return
    digestHere(of.subarray(digestedHere, filled))
    digestedHere = filled
  }

  function end(of: Buffer): Buffer {
    digestPiece(of, 1)
    const bytes = of.subarray(0, filled)
    const digesting = there?.update(bytes) ?? Promise.resolve()
    digesting.catch(() => {}) // awaited before the block is filled again, unless the upload ends before
    digested[(begun - 1) % lent.blocks.length] = digesting
    block = undefined
    filled = 0
    digestedHere = 0
    return bytes
  }

  return {
    async *fill(bytes) {
      for (let offset = 0; offset < bytes.length; ) {
        block ??= await nextBlock()
        // An upload that was given up may get bytes later: its blocks belong to another upload by then.
        if (!block || !open) throw new Error('The blocks of this upload were given back.')
        const copied = bytes.copy(block, filled, offset)
        offset += copied
        filled += copied
        digestPiece(block, PIECE_BYTES)
        if (filled === block.length) yield end(block)
      }
    },
    rest: () => block && end(block),
    async finish() {
      const [md5, last] = there ? await there.finish() : others.map((hash) => hash.digest())
      if (!md5) throw new Error('A digest is missing.')
      const digests = { sha256: sha256.digest(), sha1: sha1.digest(), md5, sha512: last }
      return { digests, blockCrc32: checks.finish() }
    },
    close() {
      if (!open) return
      open = false
      there?.close()
      lent.release()
    },
  }
}
