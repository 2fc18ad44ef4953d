import { deleteTrash, listRemovable } from '../../database/trash.ts'
import { failpoint } from '../../failpoint.ts'
import type { StorageKey } from '../../storage/storage.ts'
import { type MaintenanceDeps, rowsAtOnce } from './steps.ts'

const DELETES_AT_ONCE = 8

/**
 * SWEEP: removes bytes whose grace is over, and only then forgets their keys; a kill in between makes it happen twice,
 * which harms nobody. The only place where bytes are removed. Returns how many keys were swept.
 */
export async function sweep({ db, storage }: MaintenanceDeps): Promise<number> {
  let total = 0
  for (;;) {
    const keys = await listRemovable(db, rowsAtOnce)
    if (keys.length === 0) return total
    await failpoint('S1')
    await deleteAll(keys, (key) => storage.delete(key))
    await failpoint('S2')
    await deleteTrash(db, keys)
    total += keys.length
    if (keys.length < rowsAtOnce) return total
  }
}

async function deleteAll(
  keys: readonly StorageKey[],
  remove: (key: StorageKey) => Promise<void>,
): Promise<void> {
  const queue = keys.values()
  await Promise.all(
    Array.from({ length: DELETES_AT_ONCE }, async () => {
      for (const key of queue) await remove(key)
    }),
  )
}
