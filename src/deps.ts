import type { Config } from './config.ts'
import type { BucketRulesCache } from './database/bucketRulesCache.ts'
import type { Clock } from './database/clock.ts'
import type { CommitNewFile } from './database/commit/commitQueue.ts'
import type { KeyReserve } from './database/keyReserve.ts'
import type { KnownAccess } from './database/knownAccess.ts'
import type { Database } from './database/schema.ts'
import type { DigestThreads } from './digests/digestThreads.ts'
import type { Logger } from './logger.ts'
import type { StorageKey } from './model/blob.ts'
import type { FileRecord } from './model/file.ts'
import type { KeyUsage, Rates, RefusalLog } from './model/rates.ts'
import type { Tokens } from './model/token.ts'
import type { BlockPool } from './runtime/blockPool.ts'
import type { Ticks } from './runtime/ticks.ts'
import type { UploadBlocks } from './runtime/uploadBlocks.ts'
import type { YoungBuffers } from './runtime/youngBuffers.ts'
import type { Storage } from './storage/storage.ts'

/** The objects that `openService` makes once at start and that all operations use. */
export interface Deps {
  readonly config: Config
  readonly logger: Logger
  readonly db: Database
  readonly storage: Storage
  /** The id of the storage that takes new bytes. */
  readonly storageId: string
  readonly clock: Clock
  readonly keys: KeyReserve
  readonly rates: Rates
  readonly keyUsage: KeyUsage
  readonly refusalLog: RefusalLog
  /** The secrets of signed links. The first one signs; all of them verify. */
  readonly linkSecrets: readonly [string, ...string[]]
  readonly bucketRules: BucketRulesCache
  readonly knownAccess: KnownAccess
  /** Undefined when the service takes no tokens. */
  readonly tokens: Tokens | undefined
  readonly digestThreads: DigestThreads
  /** The memory of large uploads. */
  readonly uploadBlocks: UploadBlocks
  readonly youngBuffers: YoungBuffers
  /** The timer of all running uploads. */
  readonly ticks: Ticks
  /** The memory of downloads. */
  readonly blockPool: BlockPool
  readonly commitNewFile: CommitNewFile
  readonly sweeper: {
    /**
     * Sweeps the bytes under keys that are in the trash, in the background. The next round of maintenance sweeps what is left.
     */
    soon(keys: readonly StorageKey[]): void
    /** Resolves when the keys that are due now were swept, or left. */
    settled(): Promise<void>
  }
  /** Uploads whose bytes are being verified now, by upload id, or by a hash of upload id and parts. */
  readonly verifications: Map<string, Promise<FileRecord>>
  /** Aborted when the service's own PostgreSQL has ended: from then on nothing can be committed. */
  readonly databaseGone: AbortSignal
  /** Whether the service is stopping and takes no new requests. */
  readonly stopping: () => boolean
}
