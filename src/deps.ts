import type { Config } from './config.ts'
import type { BucketRulesCache } from './database/bucketRulesCache.ts'
import type { Clock } from './database/clock.ts'
import type { CommitNewFile } from './database/commit/commitQueue.ts'
import type { KeyReserve } from './database/keyReserve.ts'
import type { Database } from './database/schema.ts'
import type { DigestThreads } from './digests/digestThreads.ts'
import type { Logger } from './logger.ts'
import type { FileRecord } from './model/file.ts'
import type { YoungBuffers } from './runtime/youngBuffers.ts'
import type { Storage } from './storage/storage.ts'

/** Everything that is made once at start and used everywhere. */
export interface Deps {
  readonly config: Config
  readonly logger: Logger
  readonly db: Database
  readonly storage: Storage
  /** The id of the storage that new bytes are written to. */
  readonly storageId: string
  readonly clock: Clock
  readonly keys: KeyReserve
  /** What links are signed with, the newest first. */
  readonly linkSecrets: readonly [string, ...string[]]
  readonly bucketRules: BucketRulesCache
  readonly digestThreads: DigestThreads
  readonly youngBuffers: YoungBuffers
  readonly commitNewFile: CommitNewFile
  /** Uploads whose bytes are being judged, by their ids. */
  readonly verifications: Map<string, Promise<FileRecord>>
  /** Whether the service is on its way out and takes nothing new. */
  readonly stopping: () => boolean
}
