import { crc32 } from 'node:zlib'
import { findStorageKey, markBlobDamaged } from '../../database/rows/blobs.ts'
import type { Deps } from '../../deps.ts'
import { matchesCheck } from '../../digests/blockChecks.ts'
import { fileDamaged, fileNotFound } from '../../errors/files.ts'
import { hasCode } from '../../errors.ts'
import { type ByteRange, blockBytes } from '../../model/blob.ts'
import type { FileContent } from '../../model/file.ts'
import type { BlobReader } from '../../storage/storage.ts'

/** A range of a file's bytes. All returned bytes were compared with a CRC-32: a client never gets damaged ones. */
export interface FileReader {
  /**
   * Reads into `buffer`, which has `blockBytes` or the size of the file, and returns the bytes from `position` to the end of
   * their block or of the range. One read at a time. Throws `file-damaged`, `file-not-found` when the file was deleted
   * meanwhile, and `storage-unavailable`.
   */
  read(position: number, buffer: Buffer): Promise<Buffer>
  /**
   * Holds no bytes until the next `read`. `bytes` are the rest of what `read` returned, from `position` on: their CRC-32 is kept,
   * and the next `read` there reads them only, instead of their whole block.
   */
  pause(position: number, bytes: Buffer): void
  close(): Promise<void>
}

/**
 * Opens a range of a file's bytes, at the first `read`. Damage is logged, and the blob is marked, so that the next upload of the
 * same bytes heals it.
 */
export function openFile(deps: Deps, content: FileContent, { first, last }: ByteRange): FileReader {
  const { size } = content.file
  const beginOf = (position: number) => position - (position % blockBytes)
  const endOf = (position: number) => Math.min(beginOf(position) + blockBytes, size)
  let opened: BlobReader | undefined
  let remembered: { position: number; length: number; check: number } | undefined

  async function open(): Promise<BlobReader> {
    opened ??= await openBytes(deps, content, { first: beginOf(first), last: endOf(last) - 1 })
    return opened
  }

  async function readBlock(position: number, buffer: Buffer): Promise<Buffer> {
    const bytes = await open()
    const begin = beginOf(position)
    const block = buffer.subarray(0, endOf(position) - begin)
    await bytes.read(begin, block)
    const index = begin / blockBytes
    if (!matchesCheck(block, content.blockCrc32, index))
      throw fileDamaged(`Block ${index} under ${content.storageKey} differs.`)
    return block.subarray(position - begin, last + 1 - begin)
  }

  async function readAgain(position: number, buffer: Buffer, check: number): Promise<Buffer> {
    const bytes = await open()
    await bytes.read(position, buffer)
    if (crc32(buffer) !== check)
      throw fileDamaged(`Bytes from ${position} under ${content.storageKey} differ.`)
    return buffer
  }

  return {
    async read(position, buffer) {
      const again = remembered?.position === position ? remembered : undefined
      remembered = undefined
      const reading = again
        ? readAgain(position, buffer.subarray(0, again.length), again.check)
        : readBlock(position, buffer)
      return await reading.catch((error) => reportDamage(deps, content, error))
    },
    pause(position, rest) {
      opened?.pause()
      if (rest.length > 0) remembered = { position, length: rest.length, check: crc32(rest) }
    },
    async close() {
      await opened?.close()
    },
  }
}

/** Opens bytes. Missing bytes are looked up once more: since the query, the blob may have been healed or deleted. */
async function openBytes(
  { db, storage }: Deps,
  { storageKey, blobId }: FileContent,
  range: ByteRange,
): Promise<BlobReader> {
  try {
    return await storage.open(storageKey, range)
  } catch (error) {
    if (!hasCode(error, 'file-not-found')) throw error
    const currentKey = await findStorageKey(db, blobId)
    if (currentKey === undefined) throw fileNotFound()
    if (currentKey === storageKey) throw fileDamaged(`There are no bytes under ${storageKey}.`)
    return await storage.open(currentKey, range)
  }
}

async function reportDamage(
  { db, logger }: Deps,
  { blobId, storageKey }: FileContent,
  error: unknown,
): Promise<never> {
  if (hasCode(error, 'file-damaged')) {
    logger.critical(
      'The bytes of a blob are damaged: upload the same bytes again, or restore them from a backup',
      { blobId, storageKey, error },
    )
    await markBlobDamaged(db, blobId, storageKey).catch(() => {}) // the log has it, and the reader gets the error below
  }
  throw error
}
