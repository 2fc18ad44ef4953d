import { createHash } from 'node:crypto'
import { matchesCheck } from '../../digests/blockChecks.ts'
import { fileDamaged } from '../../errors/files.ts'
import { hasCode } from '../../errors.ts'
import { blockBytes, type StoredBlob } from '../../model/blob.ts'
import { readBlocks } from '../../storage/readBlocks.ts'
import type { Storage } from '../../storage/storage.ts'
import { findMissing } from '../maintenance/examination.ts'

/** Reads all bytes of a blob in a storage. Undefined when they are sound; otherwise the end of a sentence about the damage. */
export async function findDamage(storage: Storage, blob: StoredBlob): Promise<string | undefined> {
  const missing = await findMissing(storage, blob)
  if (missing) return missing.sentence
  try {
    for await (const _block of soundBlocks(storage, blob));
  } catch (error) {
    return await toDamage(storage, blob, error)
  }
}

/** An error of `soundBlocks` as the end of a sentence about the damage. Throws an error that is about no damage. */
export async function toDamage(storage: Storage, blob: StoredBlob, error: unknown): Promise<string> {
  if (!hasCode(error, 'file-damaged') && !hasCode(error, 'file-not-found')) throw error
  return (await findMissing(storage, blob))?.sentence ?? error.message
}

/** The bytes of a blob in blocks. Throws `file-damaged` before the end when a checksum differs. */
export async function* soundBlocks(storage: Storage, blob: StoredBlob): AsyncGenerator<Buffer, void, void> {
  const { size, storageKey, sha256, blockCrc32 } = blob
  const hash = createHash('sha256')
  let index = 0
  const blocks = size === 0 ? [] : readBlocks(storage, storageKey, { first: 0, last: size - 1 }, blockBytes)
  for await (const block of blocks) {
    if (!matchesCheck(block, blockCrc32, index)) throw fileDamaged(`block ${index} differs`)
    hash.update(block)
    index += 1
    yield block
  }
  if (!hash.digest().equals(sha256)) throw fileDamaged('the SHA-256 differs')
}
