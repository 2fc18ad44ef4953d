import { makeCommitsDurable } from '../../database/rows/installation.ts'
import { deleteTrash, listRemovable, postponeTrash } from '../../database/rows/trash.ts'
import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { type MaintenanceDeps, rowsAtOnce } from './paging.ts'

const DELETES_AT_ONCE = 8
const RETRY_SECONDS = 60

/**
 * SWEEP: removes bytes whose grace is over, and then deletes their keys from the trash. After a kill in between, the bytes are
 * removed a second time, which has no effect. Only this step removes bytes. Bytes that cannot be removed are tried again after
 * 60 s, and do not delay the others. Returns the number of swept keys.
 */
export async function sweep({ db, storage, logger, stopping }: MaintenanceDeps): Promise<number> {
  let total = 0
  while (!stopping()) {
    const keys = await listRemovable(db, rowsAtOnce)
    if (keys.length === 0) return total
    await makeCommitsDurable(db) // a crash or a failover could take the row in the trash back, but not the removal
    await failpoint('S1')
    const { removed, failures } = await deleteAll(keys, (key) => storage.delete(key), stopping)
    await failpoint('S2')
    await deleteTrash(db, removed)
    total += removed.length
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

async function deleteAll(
  keys: readonly StorageKey[],
  remove: (key: StorageKey) => Promise<void>,
  stopping: () => boolean,
) {
  const removed: StorageKey[] = []
  const failures: { key: StorageKey; error: unknown }[] = []
  const queue = keys.values()
  const removeNext = async () => {
    for (const key of queue) {
      if (stopping()) return
      await remove(key).then(
        () => removed.push(key),
        (error: unknown) => failures.push({ key, error }),
      )
    }
  }
  await Promise.all(Array.from({ length: DELETES_AT_ONCE }, removeNext))
  return { removed, failures }
}
