import { settleCommits } from '../../database/rows/installation.ts'
import { deleteTrash, listRemovable, postponeTrash } from '../../database/rows/trash.ts'
import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { type MaintenanceDeps, rowsAtOnce } from './steps.ts'

const DELETES_AT_ONCE = 8
const RETRY_SECONDS = 60

/**
 * SWEEP: removes bytes whose grace is over, and only then forgets their keys; a kill in between makes it happen twice,
 * which harms nobody. The only place where bytes are removed. Those that cannot be removed hold nobody up: they are tried
 * again later. Returns how many keys were swept.
 */
export async function sweep({ db, storage, logger, stopping }: MaintenanceDeps): Promise<number> {
  let total = 0
  while (!stopping()) {
    const keys = await listRemovable(db, rowsAtOnce)
    if (keys.length === 0) return total
    await settleCommits(db) // what a crash or a failover could take back must not cost any bytes
    await failpoint('S1')
    const { removed, failures } = await deleteAll(keys, (key) => storage.delete(key), stopping)
    await failpoint('S2')
    await deleteTrash(db, removed)
    total += removed.length
    const [failure] = failures
    if (failure) {
      logger.error('Bytes could not be removed', { ...failure, count: failures.length })
      const left = failures.map(({ key }) => key)
      await postponeTrash(db, left, RETRY_SECONDS)
    }
    if (keys.length < rowsAtOnce) return total
  }
  return total
}

async function deleteAll(
  keys: readonly StorageKey[],
  remove: (key: StorageKey) => Promise<void>,
  stopping: () => boolean,
) {
  const removed: StorageKey[] = []
  const failures: { key: StorageKey; error: unknown }[] = []
  const queue = keys.values()
  const next = async () => {
    for (const key of queue) {
      if (stopping()) return
      await remove(key).then(
        () => removed.push(key),
        (error: unknown) => failures.push({ key, error }),
      )
    }
  }
  await Promise.all(Array.from({ length: DELETES_AT_ONCE }, next))
  return { removed, failures }
}
