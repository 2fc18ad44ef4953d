import { listUncounted } from '../../database/rows/allowances.ts'
import { deleteSurplusTrash, listFullTrash } from '../../database/rows/fileEnds.ts'
import { endExpiredReservations } from '../../database/rows/reservations.ts'
import { countFiles } from '../buckets/countFiles.ts'
import { collectBlobs } from './collect.ts'
import { inPages, type MaintenanceDeps } from './paging.ts'

/** RELEASE: gives back the room of uploads that were killed, and of announced ones that expired. Returns their number. */
export const release = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, (atMost) => endExpiredReservations(deps.db, atMost))

/** Counts the files of buckets whose limit was set, when the request that set it could not. Returns the number of buckets. */
export async function countLimited(deps: MaintenanceDeps): Promise<number> {
  let counted = 0
  for (const id of await listUncounted(deps.db)) {
    if (deps.stopping()) break
    if (await countFiles(deps, id)) counted += 1
  }
  return counted
}

/**
 * Deletes the rows of deleted files in buckets with a limit of bytes, the longest deleted first, until the deleted files of a
 * bucket have no more bytes than the limit: files that are uploaded and deleted in turn would fill the storage. Returns their
 * number.
 */
export async function trimTrash(deps: MaintenanceDeps): Promise<number> {
  let trimmed = 0
  for (const bucket of await listFullTrash(deps.db))
    trimmed += await inPages(deps, async (atMost) => {
      const blobIds = await deleteSurplusTrash(deps.db, bucket, atMost)
      await collectBlobs(deps, new Set(blobIds))
      return blobIds.length
    })
  return trimmed
}
