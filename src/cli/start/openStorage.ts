import { join } from 'node:path'
import type { StorageConfig } from '../../config/storage.ts'
import type { Config } from '../../config.ts'
import type { YoungBuffers } from '../../runtime/youngBuffers.ts'
import { createMovingStorage, type MovingStorage } from '../../storage/moving.ts'
import type { S3Storage } from '../../storage/s3/s3.ts'
import { createVolumeStorage, type VolumeStorage } from '../../storage/volume/volume.ts'
import { inDataDirectory, insistOnData } from './inDataDirectory.ts'

type OpenConfig = Pick<Config, 'storage' | 'storageFrom' | 'dataDirectory' | 'limits'>

/** Opens the storage of STORAGE, and with STORAGE_FROM both. Throws when the directories of a volume cannot be made. */
export async function openStorage(
  config: OpenConfig,
  youngBuffers: YoungBuffers,
): Promise<VolumeStorage | S3Storage | MovingStorage> {
  return config.storageFrom
    ? await openMoving(config, config.storageFrom, youngBuffers)
    : await open(config, config.storage, youngBuffers)
}

/** Opens the storage of STORAGE and the storage `from`, as one. */
export async function openMoving(
  config: OpenConfig,
  from: StorageConfig,
  youngBuffers: YoungBuffers,
): Promise<MovingStorage> {
  return createMovingStorage(
    await open(config, config.storage, youngBuffers),
    await open(config, from, youngBuffers),
  )
}

/** Throws an Error that names DATA_DIR when this storage is a volume that is not there: a command must not make one. */
export function insistOnVolume({ dataDirectory }: OpenConfig, storage: StorageConfig | undefined): void {
  if (storage?.kind === 'volume') insistOnData(dataDirectory, volumeOf(dataDirectory))
}

const volumeOf = (dataDirectory: string) => join(dataDirectory, 'volume')

async function open(
  { dataDirectory, limits }: OpenConfig,
  storage: StorageConfig,
  youngBuffers: YoungBuffers,
): Promise<VolumeStorage | S3Storage> {
  switch (storage.kind) {
    case 'volume':
      return await inDataDirectory(dataDirectory, () => createVolumeStorage(volumeOf(dataDirectory), limits))
    case 's3': {
      // Loaded only here: a service on a volume needs no SDK.
      const { createS3Storage } = await import('../../storage/s3/s3.ts')
      return createS3Storage(storage, youngBuffers)
    }
  }
}
