import {
  findStorageKey,
  findUnverifiedBlob,
  markBlobDamaged,
  markBlobVerified,
} from '../../database/rows/blobs.ts'
import type { StoredBlob } from '../../model/blob.ts'
import { beginExamination, type Damage, type Examination, toUnreadable } from './examination.ts'
import type { MaintenanceDeps } from './paging.ts'

const BUSY_MILLISECONDS = 2000

/**
 * Creates SCRUB: it reads blobs again that were not verified for `scrubAfterSeconds`. A blob with damaged bytes is marked and
 * reported, never removed. Each call reads for about 2 s, from where the last call stopped. Returns the number of blobs that
 * were read to their end.
 */
export function createScrubber() {
  let examination: Examination | undefined
  return async (deps: MaintenanceDeps): Promise<number> => {
    const { db, storage, config, stopping } = deps
    const deadline = performance.now() + BUSY_MILLISECONDS
    const enough = () => performance.now() > deadline || stopping()
    let read = 0
    while (!enough()) {
      const blob = examination?.blob ?? (await findUnverifiedBlob(db, config.protocol.scrubAfterSeconds))
      if (!blob) break
      examination ??= beginExamination(storage, blob)
      const damage = await examination.proceed(enough).catch(async (error: unknown) => {
        await storage.check() // rejects when the whole storage cannot be read
        // The whole storage may have been unavailable until a moment ago: one more attempt.
        return await examination?.proceed(enough).catch(() => toUnreadable(error))
      })
      if (damage === 'unfinished') break
      examination = undefined
      read += 1
      if (damage) await report(deps, blob, damage)
      else await markBlobVerified(db, blob.id, blob.storageKey)
    }
    return read
  }
}

async function report({ db, logger }: MaintenanceDeps, { id, storageKey }: StoredBlob, { sentence }: Damage) {
  if ((await findStorageKey(db, id)) !== storageKey) return // deleted or healed while it was read
  logger.critical(
    'The bytes of a blob are damaged: upload the same bytes again, or restore them from a backup',
    { blobId: id, storageKey, damage: sentence },
  )
  await markBlobDamaged(db, id, storageKey)
}
