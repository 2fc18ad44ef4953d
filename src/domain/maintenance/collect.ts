import { isReferenced } from '../../database/connection/failures.ts'
import { collectUnreferenced, listUnreferencedBlobs } from '../../database/rows/blobs.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { type MaintenanceDeps, rowsAtOnce } from './paging.ts'

const PAGE = 10_000

/** Moves those of the blobs that no file refers to into the trash. Returns their number. */
export async function collectBlobs(deps: MaintenanceDeps, blobIds: Iterable<number>): Promise<number> {
  const ids = [...blobIds]
  let collected = 0
  while (ids.length > 0) {
    await failpoint('G1')
    collected += await collectTogether(deps, ids.splice(0, rowsAtOnce))
    if (deps.stopping()) break // a later call of the collector finds the rest
  }
  return collected
}

async function collectTogether(deps: MaintenanceDeps, ids: readonly number[]): Promise<number> {
  try {
    return await collectUnreferenced(deps.db, ids, deps.config.protocol.readGraceSeconds)
  } catch (error) {
    if (!isReferenced(error)) throw error
  }
  // A new file now refers to one of the blobs, so the foreign key kept all: try each alone.
  if (ids.length === 1) return 0
  let collected = 0
  for (const id of ids) collected += await collectTogether(deps, [id])
  return collected
}

/**
 * Creates COLLECT: it finds blobs without files that were not collected because a process was killed. Each call reads one page
 * of blobs, so its cost does not grow with their number; after the last page the first one follows. Returns the number of
 * blobs that were moved into the trash.
 */
export function createCollector() {
  let afterId = 0
  return async (deps: MaintenanceDeps): Promise<number> => {
    const { ids, lastId } = await listUnreferencedBlobs(deps.db, afterId, PAGE)
    afterId = lastId ?? 0
    return await collectBlobs(deps, ids)
  }
}
