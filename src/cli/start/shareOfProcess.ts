import type { Config } from '../../config.ts'

/**
 * The settings of one of the processes that serve together: what the whole service may have is divided among them. With one
 * worker they stay as they are.
 */
export function shareOfProcess(config: Config): Config {
  const { workers, limits, database, storage, storageFrom } = config
  const share = (whole: number, least: number) => Math.max(least, Math.floor(whole / workers))
  const shareMemory = (each: Config['storage']) =>
    each.kind === 's3' ? { ...each, uploadMemoryBytes: share(each.uploadMemoryBytes, each.partBytes) } : each
  return {
    ...config,
    limits: { ...limits, maxConnections: share(limits.maxConnections, 1) },
    // A process needs a second connection while the first one holds a lock.
    database: { ...database, poolSize: share(database.poolSize, 2) },
    storage: shareMemory(storage),
    storageFrom: storageFrom && shareMemory(storageFrom),
  }
}
