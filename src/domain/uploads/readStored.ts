import { createHash } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import { createDigester } from '../../digests/digester.ts'
import { storageUnavailable } from '../../errors/service.ts'
import { blockBytes, headBytes, type Lease, type Receipt, type StorageKey } from '../../model/blob.ts'
import { readBlocks } from '../../storage/readBlocks.ts'

/** Bytes that a client wrote to the storage directly. */
export interface StoredBytes {
  readonly storageKey: StorageKey
  /** Bytes. */
  readonly size: number
  /** The sizes of the parts in bytes, in their order; undefined for bytes without parts, and when the sizes are not known. */
  readonly partSizes?: readonly number[] | undefined
  /** Undefined when the intent lasts as long as the upload. */
  readonly lease: Lease | undefined
}

/**
 * Reads stored bytes and returns their receipt. One read is enough if its MD5 is the entity tag of the storage. Otherwise a
 * second read must have that tag or agree with the first: a receipt from a faulty read would be wrong for ever. Throws
 * `file-not-found`, `storage-unavailable`.
 */
export async function receiptOfStored(deps: Deps, bytes: StoredBytes): Promise<Receipt> {
  const storageTag = await deps.storage.direct?.tagOf(bytes.storageKey)
  const first = await read(deps, bytes)
  if (first.tag === storageTag) return first.receipt
  const second = await read(deps, bytes)
  if (second.tag !== storageTag && !isSame(first.receipt, second.receipt))
    throw storageUnavailable(new Error(`Two reads of the bytes under ${bytes.storageKey} differ.`))
  return second.receipt
}

const isSame = (one: Receipt, other: Receipt) =>
  one.digests.sha256.equals(other.digests.sha256) && one.blockCrc32.equals(other.blockCrc32)

async function read(deps: Deps, { storageKey, size, partSizes, lease }: StoredBytes) {
  const digester = createDigester({ sha512: false }, deps)
  const parts = partSizes && createPartsTag(partSizes)
  async function* blocks() {
    if (size === 0) return
    for await (const block of readBlocks(
      deps.storage,
      storageKey,
      { first: 0, last: size - 1 },
      blockBytes,
    )) {
      lease?.insist()
      parts?.update(block)
      // The storage overwrites its buffer, and the first bytes stay.
      yield size <= headBytes ? Buffer.from(block) : block
    }
  }
  try {
    for await (const _batch of digester.batches(blocks()));
    const receipt = { storageKey, lease, ...(await digester.finish()) }
    return { receipt, tag: parts ? parts.finish() : receipt.digests.md5.toString('hex') }
  } finally {
    digester.close()
  }
}

/** Computes the entity tag that S3 gives an object of parts: the MD5 of the parts' MD5s, a hyphen, the number of parts. */
function createPartsTag(sizes: readonly number[]) {
  const digests: Buffer[] = []
  let hash = createHash('md5')
  let bytesLeft = sizes[0] ?? 0

  function end() {
    digests.push(hash.digest())
    hash = createHash('md5')
    bytesLeft = sizes[digests.length] ?? Number.POSITIVE_INFINITY
  }

  return {
    update(bytes: Buffer) {
      for (let offset = 0; offset < bytes.length; ) {
        const piece = bytes.subarray(offset, offset + bytesLeft)
        hash.update(piece)
        offset += piece.length
        bytesLeft -= piece.length
        if (bytesLeft === 0) end()
      }
    },
    finish: () => `${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${sizes.length}`,
  }
}
