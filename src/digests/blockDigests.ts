import { createHash } from 'node:crypto'
import type { Digests } from '../model/blob.ts'
import type { UploadBlocks } from '../runtime/uploadBlocks.ts'
import { createBlockCrc32 } from './blockChecks.ts'
import type { DigestThreads, ThreadDigests } from './digestThreads.ts'

/** The memory and the threads for the digests of large files. */
export interface DigestRoom {
  readonly digestThreads: DigestThreads
  readonly uploadBlocks: UploadBlocks
}

/** Digests the bytes of a large file in the blocks that they are copied into. */
export interface BlockDigests {
  /**
   * Copies bytes into blocks, and yields each block that is full and not the last. Throws `storage-unavailable` when the thread
   * ended.
   */
  fill(bytes: Buffer): AsyncGenerator<Buffer, void, void>
  /** Ends the file: returns the bytes of its last block, undefined when there are none. */
  rest(): Buffer | undefined
  /** To be called after `rest`. Throws `storage-unavailable` when the thread ended. */
  finish(): Promise<{ digests: Digests; blockCrc32: Buffer }>
  /** Gives the blocks back, finished or not. */
  close(): void
}

/** Bytes of a block are digested in steps of this size, while the processor still has them in its cache. */
const STEP_BYTES = 256 * 1024

/**
 * The event loop computes SHA-256, SHA-1 and the CRC-32 of checksum blocks (`blockBytes`) as the bytes arrive; a thread computes
 * MD5, which takes about as long alone, and SHA-512 when `sha512` is true. Of a file of one step, the event loop computes all of
 * them: a message to a thread costs as much. A block is filled again when the thread has digested it, and three other blocks were
 * filled meanwhile.
 */
export function openBlockDigests(
  { sha512 }: { readonly sha512: boolean },
  { digestThreads, uploadBlocks }: DigestRoom,
): BlockDigests {
  const names = sha512 ? ['md5', 'sha512'] : ['md5']
  const lent = uploadBlocks.lend()
  const sha256 = createHash('sha256')
  const sha1 = createHash('sha1')
  const checks = createBlockCrc32()
  /** Computes the other digests; undefined before the first block ends. */
  let elsewhere: ThreadDigests | undefined
  /** When a block may be filled again, because its bytes are digested. */
  const digested: Promise<unknown>[] = []
  let otherDigests: Promise<Buffer[]> | undefined
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

  /** Digests what came since the last step, when it is at least this many bytes. */
  function digestStep(current: Buffer, atLeast: number) {
    if (filled - digestedHere < atLeast) return
    const bytes = current.subarray(digestedHere, filled)
    sha256.update(bytes)
    sha1.update(bytes)
    checks.update(bytes)
    digestedHere = filled
  }

  function end(current: Buffer, last: boolean): Buffer {
    digestStep(current, 1)
    const bytes = current.subarray(0, filled)
    const oneStep = last && begun === 1 && filled <= STEP_BYTES
    elsewhere ??= (oneStep ? undefined : digestThreads.open(names)) ?? digestOnLoop(names)
    if (last) otherDigests = elsewhere.finish(bytes)
    const digesting = otherDigests ?? elsewhere.update(bytes)
    digesting.catch(() => {}) // awaited before the block is filled again, or by `finish`, unless the upload ends before
    digested[(begun - 1) % lent.blocks.length] = digesting
    block = undefined
    filled = 0
    digestedHere = 0
    return bytes
  }

  return {
    async *fill(bytes) {
      for (let offset = 0; offset < bytes.length; ) {
        if (block && filled === block.length) yield end(block, false)
        block ??= await nextBlock()
        // An upload that was given up may get bytes later: its blocks belong to another upload by then.
        if (!block || !open) throw new Error('The blocks of this upload were given back.')
        const copied = bytes.copy(block, filled, offset)
        offset += copied
        filled += copied
        digestStep(block, STEP_BYTES)
      }
    },
    rest: () => block && end(block, true),
    async finish() {
      const [md5, last] = (await otherDigests) ?? []
      if (!md5) throw new Error('A digest is missing.')
      const digests = { sha256: sha256.digest(), sha1: sha1.digest(), md5, sha512: last }
      return { digests, blockCrc32: checks.finish() }
    },
    close() {
      if (!open) return
      open = false
      elsewhere?.close()
      lent.release()
    },
  }
}

/** Computes on the event loop what a thread would compute. */
function digestOnLoop(names: readonly string[]): ThreadDigests {
  const hashes = names.map((name) => createHash(name))
  const update = async (bytes: Buffer) => {
    for (const hash of hashes) hash.update(bytes)
  }
  return {
    update,
    async finish(bytes) {
      await update(bytes)
      return hashes.map((hash) => hash.digest())
    },
    close() {},
  }
}
