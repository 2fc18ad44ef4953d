import { describe, expect, it } from '@jest/globals'
import { shareOfProcess } from '../../src/cli/start/shareOfProcess.ts'
import { loadConfig } from '../../src/config.ts'

const MiB = 2 ** 20

describe('the share of a process', () => {
  it.each([
    ['1', 10_000, 20, 256 * MiB],
    ['3', 3333, 6, Math.floor((256 * MiB) / 3)],
    ['64', 156, 2, 8 * MiB],
  ])(
    'of %s is a part of what the service may have, and enough to work',
    (WORKERS, connections, pool, memory) => {
      const s3 = { STORAGE: 's3', AWS_S3_BUCKET_NAME: 'files', AWS_S3_REGION: 'eu-central-1' }
      const config = loadConfig({ ...s3, STORAGE_FROM: 'volume', WORKERS })
      const share = shareOfProcess(config)
      expect(share).toEqual({
        ...config,
        limits: { ...config.limits, maxConnections: connections },
        database: { ...config.database, poolSize: pool },
        storage: { ...config.storage, uploadMemoryBytes: memory },
      })
    },
  )
})
