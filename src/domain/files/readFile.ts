import { findStorageKey, markBlobDamaged } from '../../database/rows/blobs.ts'
import type { Deps } from '../../deps.ts'
import { matchesCheck } from '../../digests/blockChecks.ts'
import { fileDamaged, fileNotFound } from '../../errors/files.ts'
import { hasCode } from '../../errors.ts'
import { type ByteRange, blockBytes } from '../../model/blob.ts'
import type { FileContent } from '../../model/file.ts'

/**
 * Reads a range of a file's bytes. Each block is compared with its CRC-32 before any byte of the block is yielded, so a client
 * never gets damaged bytes. A yielded buffer is overwritten when the next one is requested.
 * Throws `file-damaged` (and marks the blob, so that the next upload of the same bytes heals it), `file-not-found` when the
 * file was deleted meanwhile, and `storage-unavailable`.
 */
export async function* readFile(
  deps: Deps,
  content: FileContent,
  range: ByteRange,
): AsyncGenerator<Buffer, void, void> {
  try {
    yield* verified(deps, content, range)
  } catch (error) {
    if (!hasCode(error, 'file-damaged')) throw error
    const { blobId, storageKey } = content
    deps.logger.critical(
      'The bytes of a blob are damaged: upload the same bytes again, or restore them from a backup',
      { blobId, storageKey, error },
    )
    await markBlobDamaged(deps.db, blobId, storageKey).catch(() => {}) // the log has it, and the reader gets the error below
    throw error
  }
}

async function* verified(deps: Deps, content: FileContent, { first, last }: ByteRange) {
  const { size } = content.file
  let position = first - (first % blockBytes)
  const end = Math.min(last - (last % blockBytes) + blockBytes, size) - 1
  for await (const block of openBlocks(deps, content, { first: position, last: end })) {
    const index = position / blockBytes
    if (!matchesCheck(block, content.blockCrc32, index)) {
      throw fileDamaged(`Block ${index} under ${content.storageKey} differs.`)
    }
    const from = Math.max(first - position, 0)
    const to = Math.min(last + 1 - position, block.length)
    yield from === 0 && to === block.length ? block : block.subarray(from, to)
    position += block.length
  }
}

/** Reads blocks. Missing bytes are looked up once more: since the query, the blob may have been healed or deleted. */
async function* openBlocks({ db, storage }: Deps, { storageKey, blobId }: FileContent, range: ByteRange) {
  const blocks = storage.read(storageKey, range, blockBytes)
  try {
    yield* blocks
  } catch (error) {
    if (!hasCode(error, 'file-not-found')) throw error
    const currentKey = await findStorageKey(db, blobId)
    if (currentKey === undefined) throw fileNotFound()
    if (currentKey === storageKey) throw fileDamaged(`There are no bytes under ${storageKey}.`)
    yield* storage.read(currentKey, range, blockBytes)
  }
}
