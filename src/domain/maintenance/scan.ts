import { randomInt } from 'node:crypto'
import { trashUnknownKeys } from '../../database/rows/trash.ts'
import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { shards } from '../../storage/storageKey.ts'
import { type MaintenanceDeps, rowsAtOnce } from './paging.ts'

/**
 * Creates SCAN: it puts bytes that no table knows into the trash, where they stay for `orphanHoldSeconds`. Such bytes come from
 * a write that outlived its intent; they can never become a file (I4). Each call lists some of the shards, so that all are
 * listed within `scanSeconds`. Returns the number of keys that were put into the trash.
 */
export function createScanner() {
  // A random first shard: a process that is restarted often would otherwise never reach the last one.
  let next = randomInt(shards.length)
  return async (deps: MaintenanceDeps): Promise<number> => {
    const { scanSeconds, maintenanceIntervalSeconds } = deps.config.protocol
    const count = Math.min(
      shards.length,
      Math.ceil((shards.length * maintenanceIntervalSeconds) / scanSeconds),
    )
    // All shards in one listing: with S3, every shard alone takes two calls.
    if (count === shards.length) return await scanShard(deps)
    let orphans = 0
    for (let done = 0; done < count && !deps.stopping(); done++) {
      orphans += await scanShard(deps, shards[next] ?? '00')
      next = (next + 1) % shards.length
    }
    return orphans
  }
}

/** Lists one shard; without a shard, all of them. */
async function scanShard(deps: MaintenanceDeps, shard?: string): Promise<number> {
  let keys: StorageKey[] = []
  let orphans = 0
  for await (const { key } of deps.storage.list(shard)) {
    keys.push(key)
    if (keys.length < rowsAtOnce) continue
    orphans += await trashOrphans(deps, keys)
    keys = []
    if (deps.stopping()) return orphans
  }
  return orphans + (await trashOrphans(deps, keys))
}

async function trashOrphans(
  { db, config, logger }: MaintenanceDeps,
  keys: readonly StorageKey[],
): Promise<number> {
  if (keys.length === 0) return 0
  await failpoint('O1')
  const orphans = await trashUnknownKeys(db, keys, config.protocol.orphanHoldSeconds)
  if (orphans.length > 0)
    logger.warn('Bytes that no table knows were put into the trash', {
      keys: orphans.slice(0, 20),
      count: orphans.length,
    })
  return orphans.length
}
