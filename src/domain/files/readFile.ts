import { crc32 } from 'node:zlib'
import { findStorageKey, markBlobDamaged } from '../../database/rows/blobs.ts'
import type { Deps } from '../../deps.ts'
import { fileDamaged, fileNotFound } from '../../errors/files.ts'
import { hasCode } from '../../errors.ts'
import { type ByteRange, blockBytes } from '../../model/blob.ts'
import type { FileContent } from '../../model/file.ts'

/**
 * A file's bytes, each block compared with its CRC-32 before any of it is yielded: what leaves is what was sent. A buffer
 * is overwritten once the next one is asked for.
 * Throws `file-damaged` (and marks the blob, so that the next upload of these bytes heals it), `file-not-found` when the
 * file was deleted in the meantime, `storage-unavailable`.
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
    deps.logger.critical('The bytes of a blob are not what they were', { blobId, storageKey, error })
    await markBlobDamaged(deps.db, blobId, storageKey).catch(() => {}) // the alarm was given; the reader learns it anyway
    throw error
  }
}

async function* verified(deps: Deps, content: FileContent, { first, last }: ByteRange) {
  const { size } = content.file
  let position = first - (first % blockBytes)
  const end = Math.min(last - (last % blockBytes) + blockBytes, size) - 1
  for await (const block of openBlocks(deps, content, { first: position, last: end })) {
    const index = position / blockBytes
    if (crc32(block) !== content.blockCrc32.readUInt32BE(index * 4)) {
      throw fileDamaged(`Block ${index} under ${content.storageKey} differs.`)
    }
    const from = Math.max(first - position, 0)
    const to = Math.min(last + 1 - position, block.length)
    yield from === 0 && to === block.length ? block : block.subarray(from, to)
    position += block.length
  }
}

/** Bytes that are not there are looked up once more: they may have been healed, or deleted, since the query. */
async function* openBlocks({ db, storage }: Deps, { storageKey, blobId }: FileContent, range: ByteRange) {
  const blocks = storage.read(storageKey, range, blockBytes)
  try {
    yield* blocks
  } catch (error) {
    if (!hasCode(error, 'file-not-found')) throw error
    const now = await findStorageKey(db, blobId)
    if (now === undefined) throw fileNotFound()
    if (now === storageKey) throw fileDamaged(`There are no bytes under ${storageKey}.`)
    yield* storage.read(now, range, blockBytes)
  }
}
