import { isReferenced } from '../../database/connection/failures.ts'
import { collectUnreferenced, listUnreferencedBlobs } from '../../database/rows/blobs.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { type MaintenanceDeps, rowsAtOnce } from './steps.ts'

const PAGE = 10_000

/** Moves those of the blobs to the trash that no file refers to. Returns how many. */
export async function collectBlobs(deps: MaintenanceDeps, blobIds: Iterable<number>): Promise<number> {
  const ids = [...blobIds]
  let collected = 0
  while (ids.length > 0) {
    await failpoint('G1')
    collected += await collectTogether(deps, ids.splice(0, rowsAtOnce))
    if (deps.stopping()) break // `createCollector` finds the others
  }
  return collected
}

async function collectTogether(deps: MaintenanceDeps, ids: readonly number[]): Promise<number> {
  try {
    return await collectUnreferenced(deps.db, ids, deps.config.protocol.readGraceSeconds)
  } catch (error) {
    if (!isReferenced(error)) throw error
  }
  // A file came to refer to one of them in this very moment: the foreign key decided, and decides about each.
  if (ids.length === 1) return 0
  let collected = 0
  for (const id of ids) collected += await collectTogether(deps, [id])
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
