import { createHash } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import { createDigester } from '../../digests/digester.ts'
import { storageUnavailable } from '../../errors/service.ts'
import { blockBytes, type Lease, type Receipt, type StorageKey } from '../../model/blob.ts'

/** Bytes that came to the storage without passing the service. */
export interface StoredBytes {
  readonly storageKey: StorageKey
  readonly size: number
  /** The sizes of the parts that they came in, where they are known. */
  readonly partSizes?: readonly number[] | undefined
  /** Undefined when the intent lasts as long as the upload. */
  readonly lease: Lease | undefined
}

/**
 * The receipt of stored bytes. They are read once when the storage says that they are what was read; else a second time:
 * what is kept of them must not come from a read that went wrong, and two of them that agree are right. Throws `file-not-found`,
 * `storage-unavailable`.
 */
export async function receiptOfStored(deps: Deps, bytes: StoredBytes): Promise<Receipt> {
  const said = await deps.storage.direct?.tagOf(bytes.storageKey)
  const once = await read(deps, bytes)
  if (once.tag === said) return once.receipt
  const twice = await read(deps, bytes)
  if (twice.tag !== said && !isSame(once.receipt, twice.receipt))
    throw storageUnavailable(new Error(`${bytes.storageKey} was read twice, and differs`))
  return twice.receipt
}

const isSame = (one: Receipt, other: Receipt) =>
  one.digests.sha256.equals(other.digests.sha256) && one.blockCrc32.equals(other.blockCrc32)

async function read({ digestThreads, storage }: Deps, { storageKey, size, partSizes, lease }: StoredBytes) {
  const digester = createDigester({ sha512: false }, digestThreads)
  const parts = partSizes && createPartsTag(partSizes)
  try {
    const range = { first: 0, last: size - 1 }
    const blocks = size > 0 ? storage.read(storageKey, range, blockBytes) : []
    for await (const block of blocks) {
      lease?.insist()
      parts?.update(block)
      await digester.update(Buffer.from(block)) // the storage uses its buffer again
    }
    const receipt = { storageKey, lease, ...(await digester.finish()) }
    return { receipt, tag: parts ? parts.finish() : receipt.digests.md5.toString('hex') }
  } finally {
    digester.close()
  }
}

/** What S3 calls bytes that came in parts of these sizes. */
function createPartsTag(sizes: readonly number[]) {
  const digests: Buffer[] = []
  let hash = createHash('md5')
  let left = sizes[0] ?? 0

  function end() {
    digests.push(hash.digest())
    hash = createHash('md5')
    left = sizes[digests.length] ?? Number.POSITIVE_INFINITY
  }

  return {
    update(bytes: Buffer) {
      for (let offset = 0; offset < bytes.length; ) {
        const piece = bytes.subarray(offset, offset + left)
        hash.update(piece)
        offset += piece.length
        left -= piece.length
        if (left === 0) end()
      }
    },
    finish: () => `${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${sizes.length}`,
  }
}
