import { deleteOldAuditEntries } from '../../database/rows/audit.ts'
import { deleteForgottenFiles, expireFileRecords } from '../../database/rows/fileEnds.ts'
import { deleteOldIdempotent } from '../../database/rows/idempotency.ts'
import { deleteOldRateCounts } from '../../database/rows/rateCounts.ts'
import { deleteExpiredUploads } from '../../database/rows/uploadEnds.ts'
import { collectBlobs } from './collect.ts'
import { inPages, type MaintenanceDeps } from './paging.ts'

const IDEMPOTENCY_RETENTION_SECONDS = 86_400

/** Deletes kept answers to requests with an Idempotency-Key after 24 hours. Returns their number. */
export const forgetAnswers = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, (atMost) => deleteOldIdempotent(deps.db, IDEMPOTENCY_RETENTION_SECONDS, atMost))

/** Deletes the counts of requests that no limit needs any more. Returns their number. */
export const forgetCounts = ({ db }: MaintenanceDeps): Promise<number> => deleteOldRateCounts(db)

/** Deletes entries of the audit log that are older than the retention. Returns their number. */
export const forgetAudit = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, (atMost) =>
    deleteOldAuditEntries(deps.db, deps.config.protocol.auditRetentionSeconds, atMost),
  )

/** Marks expired files as deleted. Returns their number. */
export const expire = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, (atMost) => expireFileRecords(deps.db, atMost))

/** Deletes the rows of files that were deleted longer ago than the retention, and collects their blobs. Returns their number. */
export const forgetFiles = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, async (atMost) => {
    const { deletedRetentionSeconds } = deps.config.protocol
    const blobIds = await deleteForgottenFiles(deps.db, deletedRetentionSeconds, atMost)
    await collectBlobs(deps, new Set(blobIds))
    return blobIds.length
  })

/** Deletes announced uploads that expired before their bytes came. Returns their number. */
export const expireUploads = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, (atMost) => deleteExpiredUploads(deps.db, atMost))
