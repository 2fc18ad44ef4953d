import { collectBlob, listUnreferencedBlobs } from '../../database/blobs.ts'
import { codeOf } from '../../database/failures.ts'
import { failpoint } from '../../failpoint.ts'
import type { MaintenanceDeps } from './steps.ts'

/** The foreign key says no: 23001 since PostgreSQL 18, 23503 before. */
const STILL_REFERENCED = ['23001', '23503']
const PAGE = 10_000

/** Moves those of the blobs to the trash that no file refers to. Returns how many. */
export async function collectBlobs(
  { db, config, stopping }: MaintenanceDeps,
  blobIds: Iterable<number>,
): Promise<number> {
  let collected = 0
  for (const blobId of blobIds) {
    if (stopping()) break
    await failpoint('G1')
    try {
      if (await collectBlob(db, blobId, config.protocol.readGraceSeconds)) collected += 1
    } catch (error) {
      // A file came to refer to it in this very moment: the foreign key decided.
      if (!STILL_REFERENCED.includes(codeOf(error) ?? '')) throw error
    }
  }
  return collected
}

/**
 * COLLECT: finds blobs without files that a kill kept from being collected. Each call looks at one page of blobs, so
 * that its cost does not grow with their number; the walk begins anew at the end.
 */
export function createCollector() {
  let afterId = 0
  return async (deps: MaintenanceDeps): Promise<number> => {
    const { ids, lastId } = await listUnreferencedBlobs(deps.db, afterId, PAGE)
    afterId = lastId ?? 0
    return await collectBlobs(deps, ids)
  }
}
