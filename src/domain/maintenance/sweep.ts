import { makeCommitsDurable } from '../../database/rows/installation.ts'
import { listRemovable, postponeTrash } from '../../database/rows/trash.ts'
import { sweepKeys } from '../storing/sweepKeys.ts'
import { type MaintenanceDeps, rowsAtOnce } from './paging.ts'

const RETRY_SECONDS = 60

/**
 * SWEEP: removes bytes whose grace is over, and their keys from the trash. Bytes that cannot be removed are tried again after
 * 60 s, and do not delay the others. Returns the number of swept keys.
 */
export async function sweep(deps: MaintenanceDeps): Promise<number> {
  const { db, logger, stopping } = deps
  let total = 0
  while (!stopping()) {
    const keys = await listRemovable(db, rowsAtOnce)
    if (keys.length === 0) return total
    await makeCommitsDurable(db)
    const { removed, failures } = await sweepKeys(deps, keys)
    total += removed
    const [failure] = failures
    if (failure) {
      logger.error('Bytes could not be removed from the storage', { ...failure, count: failures.length })
      const keysLeft = failures.map(({ key }) => key)
      await postponeTrash(db, keysLeft, RETRY_SECONDS)
    }
    if (keys.length < rowsAtOnce) return total
  }
  return total
}
