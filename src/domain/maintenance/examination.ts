import { createHash } from 'node:crypto'
import { createBlockCrc32 } from '../../digests/blockChecks.ts'
import { hasCode } from '../../errors.ts'
import { blockBytes, type StoredBlob } from '../../model/blob.ts'
import { readBlocks } from '../../storage/readBlocks.ts'
import type { Storage } from '../../storage/storage.ts'

/** A fault of a blob's bytes, and the broken invariant. */
export interface Damage {
  readonly invariant: 'I1' | 'I2' | 'I6'
  /** The end of a sentence about the bytes. */
  readonly sentence: string
}

/** One reading of all bytes of a blob, in as many steps as the caller likes. */
export interface Examination {
  readonly blob: StoredBlob
  /**
   * Reads on from the last position, at least one block, until `enough` returns true. Undefined when all bytes were read and
   * are intact. Throws `storage-unavailable`; a later call then reads on.
   */
  proceed(enough: () => boolean): Promise<Damage | 'unfinished' | undefined>
}

/** Prepares the reading of a blob from its first byte; `proceed` reads. */
export function beginExamination(storage: Storage, blob: StoredBlob): Examination {
  const sha256 = createHash('sha256')
  const checks = createBlockCrc32()
  let position = 0

  async function readOn(enough: () => boolean): Promise<void> {
    const rest = { first: position, last: blob.size - 1 }
    for await (const block of readBlocks(storage, blob.storageKey, rest, blockBytes)) {
      sha256.update(block)
      checks.update(block)
      position += block.length
      if (enough()) return
    }
  }

  return {
    blob,
    async proceed(enough) {
      const missing = await findMissing(storage, blob)
      if (missing) return missing
      try {
        if (position < blob.size) await readOn(enough)
      } catch (error) {
        if (!hasCode(error, 'file-damaged') && !hasCode(error, 'file-not-found')) throw error
        return { invariant: 'I2', sentence: error.message }
      }
      if (position < blob.size) return 'unfinished'
      if (!sha256.digest().equals(blob.sha256)) return { invariant: 'I6', sentence: 'their SHA-256 differs' }
      if (!checks.finish().equals(blob.blockCrc32))
        return { invariant: 'I6', sentence: 'the CRC-32 of a block differs' }
    },
  }
}

/** The fault of a blob whose bytes are missing or have another size; does not read them. Throws `storage-unavailable`. */
export async function findMissing(
  storage: Storage,
  { storageKey, size }: Pick<StoredBlob, 'storageKey' | 'size'>,
): Promise<Damage | undefined> {
  const found = await storage.size(storageKey)
  if (found === size) return undefined
  const sentence = found === undefined ? 'there are no bytes' : `there are ${found} bytes instead of ${size}`
  return { invariant: 'I2', sentence }
}

/** The fault of a blob whose bytes alone cannot be read: `error` is a `storage-unavailable`. */
export const toUnreadable = (error: unknown): Damage => ({
  invariant: 'I1',
  sentence: `they cannot be read: ${Error.isError(error) && Error.isError(error.cause) ? error.cause.message : error}`,
})
