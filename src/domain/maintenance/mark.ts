import { makeCommitsDurable } from '../../database/rows/installation.ts'
import { newestIntentSequence } from '../../database/rows/intents.ts'
import { hasCode } from '../../errors.ts'
import type { MaintenanceDeps } from './paging.ts'

/** A mark that no sequence number reaches. */
const UNREACHABLE_MARK = Number.MAX_SAFE_INTEGER

/**
 * Compares the newest sequence number of the database with the mark on the storage, and moves the mark to that number. False
 * when the number is below the mark: the database was restored or rolled back, so the storage may have bytes of files that the
 * database does not know, and no bytes may be removed. The mark then becomes unreachable: new uploads would soon let the
 * sequence pass the old mark.
 */
export async function advanceMark({
  db,
  storage,
  logger,
}: Pick<MaintenanceDeps, 'db' | 'storage' | 'logger'>): Promise<boolean> {
  const mark = await storage.readMark()
  const sequence = await newestIntentSequence(db)
  if (sequence > mark) {
    await makeCommitsDurable(db) // a sequence number that a crash could take back must not become the mark
    await storage.writeMark(sequence).catch((error: unknown) => {
      // With an old mark, fewer restored databases are noticed; without a sweep, a full storage would stay full.
      if (!hasCode(error, 'storage-full')) throw error
      logger.warn('The storage is full: its mark could not be moved', { error })
    })
  }
  if (sequence >= mark) return true
  if (mark < UNREACHABLE_MARK) await storage.writeMark(UNREACHABLE_MARK)
  logger.critical(
    'The database is older than its storage, or was: no bytes are removed. Restore a newer database if there is one, run fsck, ' +
      `and delete ${storage.description.mark}: bytes that no table knows are then removed after ORPHAN_HOLD_SECONDS`,
    { sequence, ...(mark < UNREACHABLE_MARK && { mark }) },
  )
  return false
}
