import type { Deps } from '../../deps.ts'
import type { StorageKey } from '../../storage/storage.ts'
import { createDigester } from '../digestBytes.ts'
import { blockBytes, type Receipt } from '../receipt.ts'

/**
 * The receipt of bytes that came to the storage without passing the service: read once, whole. `insist` is called for every
 * MiB and may throw. Throws `file-not-found`, `storage-unavailable`.
 */
export async function receiptOfStored(
  { digestThreads, storage }: Pick<Deps, 'digestThreads' | 'storage'>,
  storageKey: StorageKey,
  size: number,
  insist: () => void,
): Promise<Receipt> {
  const digester = createDigester({ sha512: false }, digestThreads)
  try {
    const range = { first: 0, last: size - 1 }
    const blocks = size > 0 ? storage.read(storageKey, range, blockBytes) : []
    for await (const block of blocks) {
      insist()
      await digester.update(Buffer.from(block)) // the storage uses its buffer again
    }
    return { storageKey, ...(await digester.finish()) }
  } finally {
    digester.close()
  }
}
