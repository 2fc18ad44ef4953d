import { deleteForgottenFiles, markExpiredFiles } from '../../database/files.ts'
import { deleteOldIdempotent } from '../../database/idempotency.ts'
import { collectBlobs } from './collect.ts'
import { type MaintenanceDeps, rowsAtOnce } from './steps.ts'

const IDEMPOTENCY_RETENTION_SECONDS = 86_400

/** Marks files whose life is over, and forgets those deleted longer ago than the retention. Returns how many were forgotten. */
export async function expire(deps: MaintenanceDeps): Promise<number> {
  const { db, config, stopping } = deps
  await deleteOldIdempotent(db, IDEMPOTENCY_RETENTION_SECONDS)
  await markExpiredFiles(db)
  let total = 0
  while (!stopping()) {
    const blobIds = await deleteForgottenFiles(db, config.protocol.deletedRetentionSeconds, rowsAtOnce)
    await collectBlobs(deps, new Set(blobIds))
    total += blobIds.length
    if (blobIds.length < rowsAtOnce) return total
  }
  return total
}
