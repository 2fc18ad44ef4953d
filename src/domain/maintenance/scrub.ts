import {
  findStorageKey,
  findUnverifiedBlob,
  markBlobDamaged,
  markBlobVerified,
  type StoredBlob,
} from '../../database/blobs.ts'
import { hasCode } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { createDigester } from '../digestBytes.ts'
import { blockBytes } from '../receipt.ts'
import type { MaintenanceDeps } from './steps.ts'

const BUSY_MILLISECONDS = 2000

/**
 * SCRUB: reads blobs again that were not verified for long, for about 2 s at a time. One whose bytes differ is marked
 * and reported, never removed. Returns how many were read.
 */
export async function scrub({ db, storage, config, logger, stopping }: MaintenanceDeps): Promise<number> {
  const until = performance.now() + BUSY_MILLISECONDS
  let read = 0
  while (performance.now() < until && !stopping()) {
    const blob = await findUnverifiedBlob(db, config.protocol.scrubAfterSeconds)
    if (!blob) break
    const damage = await findDamage(storage, blob).catch(async (error: unknown) => {
      await storage.check() // rejects when it is not this blob alone that cannot be read
      return `they cannot be read: ${Error.isError(error) && Error.isError(error.cause) ? error.cause.message : error}`
    })
    read += 1
    if (damage === undefined) {
      await markBlobVerified(db, blob.id, blob.storageKey)
      continue
    }
    if ((await findStorageKey(db, blob.id)) !== blob.storageKey) continue // deleted or healed while it was read
    logger.critical('The bytes of a blob are not what they were', {
      blobId: blob.id,
      storageKey: blob.storageKey,
      damage,
    })
    await markBlobDamaged(db, blob.id, blob.storageKey)
  }
  return read
}

/** What is wrong with a blob's bytes; undefined when they are what they were. Throws `storage-unavailable`. */
export async function findDamage(storage: Storage, blob: StoredBlob): Promise<string | undefined> {
  const size = await storage.size(blob.storageKey)
  if (size === undefined) return 'there are no bytes'
  if (size !== blob.size) return `there are ${size} bytes instead of ${blob.size}`
  const digester = createDigester({ sha512: false })
  try {
    if (size > 0) {
      const whole = { first: 0, last: size - 1 }
      for await (const block of storage.read(blob.storageKey, whole, blockBytes)) digester.update(block)
    }
  } catch (error) {
    if (hasCode(error, 'file-damaged') || hasCode(error, 'file-not-found')) return error.message
    throw error
  }
  const { digests, blockCrc32 } = await digester.finish()
  if (!digests.sha256.equals(blob.sha256)) return 'their SHA-256 differs'
  return blockCrc32.equals(blob.blockCrc32) ? undefined : 'their block checks differ'
}
