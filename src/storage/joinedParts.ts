import { fileNotFound } from '../errors/files.ts'
import type { StorageKey } from '../model/blob.ts'
import { readBlocks } from './readBlocks.ts'
import type { Storage } from './storage.ts'

const BLOCK_BYTES = 256 * 1024

/**
 * The bytes under several keys, one after the other. A batch stays valid until the caller asks for the second batch after it, so
 * one batch may be written while the next fills. Throws `file-not-found` before any byte is read when a part is missing.
 */
export async function joinParts(
  { size, open }: Pick<Storage, 'size' | 'open'>,
  parts: readonly StorageKey[],
): Promise<AsyncGenerator<readonly Buffer[], void, void>> {
  const found: { key: StorageKey; bytes: number }[] = []
  for (const key of parts) {
    const bytes = await size(key)
    if (bytes === undefined) throw fileNotFound()
    if (bytes > 0) found.push({ key, bytes })
  }
  return partsOf(open, found)
}

async function* partsOf(
  open: Storage['open'],
  parts: readonly { readonly key: StorageKey; readonly bytes: number }[],
): AsyncGenerator<readonly Buffer[], void, void> {
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(BLOCK_BYTES))
  for (const { key, bytes } of parts) {
    for await (const block of readBlocks({ open }, key, { first: 0, last: bytes - 1 }, BLOCK_BYTES)) {
      const [buffer = Buffer.alloc(0)] = buffers.reverse()
      yield [buffer.subarray(0, block.copy(buffer))]
    }
  }
}
