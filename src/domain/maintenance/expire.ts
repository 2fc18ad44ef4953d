import { deleteForgottenFiles, expireFileRecords } from '../../database/rows/fileChanges.ts'
import { deleteOldIdempotent } from '../../database/rows/idempotency.ts'
import { deleteExpiredUploads } from '../../database/rows/uploads.ts'
import { collectBlobs } from './collect.ts'
import { inPages, type MaintenanceDeps } from './steps.ts'

const IDEMPOTENCY_RETENTION_SECONDS = 86_400

/** Forgets the answers to old requests. Returns how many. */
export const forgetAnswers = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, (atMost) => deleteOldIdempotent(deps.db, IDEMPOTENCY_RETENTION_SECONDS, atMost))

/** Marks files as deleted whose life is over. Returns how many. */
export const expire = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, (atMost) => expireFileRecords(deps.db, atMost))

/** Forgets files that were deleted longer ago than the retention, and collects their blobs. Returns how many. */
export const forgetFiles = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, async (atMost) => {
    const { deletedRetentionSeconds } = deps.config.protocol
    const blobIds = await deleteForgottenFiles(deps.db, deletedRetentionSeconds, atMost)
    await collectBlobs(deps, new Set(blobIds))
    return blobIds.length
  })

/** Forgets announced uploads that never came. Returns how many. */
export const expireUploads = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, (atMost) => deleteExpiredUploads(deps.db, atMost))
