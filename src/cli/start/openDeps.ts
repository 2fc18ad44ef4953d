import { randomBytes } from 'node:crypto'
import type { Config } from '../../config.ts'
import { createBucketRulesCache } from '../../database/bucketRulesCache.ts'
import { createClock } from '../../database/clock.ts'
import { createCommitQueue } from '../../database/commit/commitQueue.ts'
import { createKeyReserve } from '../../database/keyReserve.ts'
import { createKnownAccess } from '../../database/knownAccess.ts'
import { keepLinkSecret } from '../../database/rows/installation.ts'
import type { Deps } from '../../deps.ts'
import { createDigestThreads } from '../../digests/digestThreads.ts'
import { createKeyUsage } from '../../domain/access/keyUsage.ts'
import { createRates } from '../../domain/access/rates.ts'
import { createRefusalLog } from '../../domain/access/refusalLog.ts'
import { createSweeper } from '../../domain/storing/sweeper.ts'
import { blockBytes } from '../../model/blob.ts'
import { createBlockPool } from '../../runtime/blockPool.ts'
import { createTicks } from '../../runtime/ticks.ts'
import { createUploadBlocks } from '../../runtime/uploadBlocks.ts'

/** All downloads together have this number of blocks in memory, at most: 32 MiB. */
const DOWNLOAD_BLOCKS = 32

type Opened = Pick<Deps, 'config' | 'db' | 'logger' | 'stopping' | 'storage' | 'storageId' | 'youngBuffers'> &
  Partial<Pick<Deps, 'databaseGone'>>

/** Makes the other dependencies of the service. The database must be migrated, and the storage bound to it. */
export async function openDeps(opened: Opened): Promise<Deps> {
  const { config, db, logger } = opened
  const clock = await createClock(db)
  const knownAccess = createKnownAccess(db)
  if (config.access.mode === 'until-first-key') await knownAccess.locked() // for `wasLocked`
  const [newest = await keepLinkSecret(db, randomBytes(32).toString('hex')), ...older] =
    config.http.linkSecrets
  return {
    databaseGone: new AbortController().signal,
    ...opened,
    clock,
    keys: createKeyReserve(db, config.protocol.leaseSeconds, opened.storageId),
    rates: createRates({ db, clock, logger }),
    keyUsage: createKeyUsage(opened),
    refusalLog: createRefusalLog({ db, clock, logger }),
    linkSecrets: [newest, ...older],
    bucketRules: createBucketRulesCache(db),
    knownAccess,
    tokens: await openTokens(config, { clock, logger: opened.logger }),
    digestThreads: createDigestThreads(),
    uploadBlocks: createUploadBlocks(),
    ticks: createTicks(),
    blockPool: createBlockPool({ bufferBytes: blockBytes, most: DOWNLOAD_BLOCKS }),
    commitNewFile: createCommitQueue(db),
    sweeper: createSweeper(opened),
    verifications: new Map(),
  }
}

/** Loads the code that judges tokens only where tokens are taken: loading it takes 40 ms. */
async function openTokens(
  { access }: Config,
  opened: Pick<Deps, 'clock' | 'logger'>,
): Promise<Deps['tokens']> {
  if (!access.tokens) return undefined
  const { createTokens } = await import('../../domain/access/tokens.ts')
  return createTokens(access.tokens, opened)
}
