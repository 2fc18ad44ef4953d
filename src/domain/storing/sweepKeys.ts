import { deleteTrash } from '../../database/rows/trash.ts'
import type { Deps } from '../../deps.ts'
import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'

const DELETES_AT_ONCE = 8

/** The outcome of one sweep: the number of removed keys, and the keys whose bytes could not be removed. */
export interface Swept {
  readonly removed: number
  readonly failures: readonly { readonly key: StorageKey; readonly error: unknown }[]
}

/**
 * Removes the bytes under keys of the trash, and then the keys from the trash; nothing else removes bytes. After a kill in
 * between, the bytes are removed a second time, which has no effect. The rows in the trash must be durable: a crash or a failover
 * could take them back, but not the removal.
 */
export async function sweepKeys(
  { db, storage, stopping }: Pick<Deps, 'db' | 'storage' | 'stopping'>,
  keys: readonly StorageKey[],
): Promise<Swept> {
  await failpoint('S1')
  const removed: StorageKey[] = []
  const failures: { key: StorageKey; error: unknown }[] = []
  const queue = keys.values()
  const removeNext = async () => {
    for (const key of queue) {
      if (stopping()) return
      await storage.delete(key).then(
        () => removed.push(key),
        (error: unknown) => failures.push({ key, error }),
      )
    }
  }
  await Promise.all(Array.from({ length: DELETES_AT_ONCE }, removeNext))
  await failpoint('S2')
  await deleteTrash(db, removed)
  return { removed: removed.length, failures }
}
