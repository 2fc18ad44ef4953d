import { randomInt } from 'node:crypto'
import { trashUnknownKeys } from '../../database/rows/trash.ts'
import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { shards } from '../../storage/storageKey.ts'
import { type MaintenanceDeps, rowsAtOnce } from './steps.ts'

/**
 * SCAN: puts bytes that no table knows into the trash, where they are held for a while. Such bytes come from a write
 * that outlived its intent; they can never become a file (I4). Each call looks at as many shards as the pace asks for.
 */
export function createScanner() {
  // Not always the first: who is started often would never come to the last.
  let next = randomInt(shards.length)
  return async (deps: MaintenanceDeps): Promise<number> => {
    const { scanSeconds, maintenanceIntervalSeconds } = deps.config.protocol
    const count = Math.min(
      shards.length,
      Math.ceil((shards.length * maintenanceIntervalSeconds) / scanSeconds),
    )
    // In one go where nothing is left for the next: listing shards one by one takes S3 two calls for each.
    if (count === shards.length) return await scanShard(deps)
    let orphans = 0
    for (let done = 0; done < count && !deps.stopping(); done++) {
      orphans += await scanShard(deps, shards[next] ?? '00')
      next = (next + 1) % shards.length
    }
    return orphans
  }
}

/** Without a shard, all of them. */
async function scanShard(deps: MaintenanceDeps, shard?: string): Promise<number> {
  let keys: StorageKey[] = []
  let orphans = 0
  for await (const { key } of deps.storage.list(shard)) {
    keys.push(key)
    if (keys.length < rowsAtOnce) continue
    orphans += await judge(deps, keys)
    keys = []
    if (deps.stopping()) return orphans
  }
  return orphans + (await judge(deps, keys))
}

async function judge({ db, config, logger }: MaintenanceDeps, keys: readonly StorageKey[]): Promise<number> {
  if (keys.length === 0) return 0
  await failpoint('O1')
  const orphans = await trashUnknownKeys(db, keys, config.protocol.orphanHoldSeconds)
  if (orphans.length > 0)
    logger.warn('Bytes that no table knows are held for removal', {
      keys: orphans.slice(0, 20),
      count: orphans.length,
    })
  return orphans.length
}
