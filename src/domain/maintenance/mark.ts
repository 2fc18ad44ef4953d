import { newestIntentSequence } from '../../database/intents.ts'
import type { MaintenanceDeps } from './steps.ts'

/**
 * Compares the database with the mark it left on the storage, and moves the mark. False when the database is older than
 * the mark: it was restored or rolled back, so files it does not know may be in the storage, and none may be removed.
 */
export async function advanceMark({ db, storage, logger }: MaintenanceDeps): Promise<boolean> {
  const mark = await storage.readMark()
  const sequence = await newestIntentSequence(db)
  if (sequence > mark) await storage.writeMark(sequence)
  if (sequence >= mark) return true
  logger.critical(
    'The database is older than its storage: nothing is removed until an operator decides (upfile fsck --adopt)',
    { sequence, mark },
  )
  return false
}
