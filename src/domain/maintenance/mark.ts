import { settleCommits } from '../../database/rows/installation.ts'
import { newestIntentSequence } from '../../database/rows/intents.ts'
import { hasCode } from '../../errors.ts'
import type { MaintenanceDeps } from './steps.ts'

/** A mark that no sequence ever reaches. */
const BEYOND_REACH = Number.MAX_SAFE_INTEGER

/**
 * Compares the database with the mark it left on the storage, and moves the mark. False when the database is older than
 * the mark: it was restored or rolled back, so files it does not know may be in the storage, and none may be removed. It
 * stays so, because new uploads would let the sequence pass the mark soon.
 */
export async function advanceMark({
  db,
  storage,
  logger,
}: Pick<MaintenanceDeps, 'db' | 'storage' | 'logger'>): Promise<boolean> {
  const mark = await storage.readMark()
  const sequence = await newestIntentSequence(db)
  if (sequence > mark) {
    await settleCommits(db) // what a crash could take back must not become the mark
    await storage.writeMark(sequence).catch((error: unknown) => {
      // An old mark notices less; without a sweep, a full storage would stay full.
      if (!hasCode(error, 'storage-full')) throw error
      logger.warn('There was no room for the mark on the storage', { error })
    })
  }
  if (sequence >= mark) return true
  if (mark < BEYOND_REACH) await storage.writeMark(BEYOND_REACH)
  logger.critical(
    'The database is older than its storage, or was: nothing is removed. Restore a newer one if there is one, run fsck, ' +
      `and delete ${storage.description.mark}: what no table knows is then removed in time`,
    { sequence, ...(mark < BEYOND_REACH && { mark }) },
  )
  return false
}
