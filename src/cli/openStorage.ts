import { join } from 'node:path'
import type { Config } from '../config.ts'
import { createS3Storage, type S3Storage } from '../storage/s3.ts'
import { createVolumeStorage, type VolumeStorage } from '../storage/volume.ts'

/** Opens the storage the configuration names. Throws when the directories of a volume cannot be made. */
export async function openStorage({
  storage,
  dataDirectory,
}: Pick<Config, 'storage' | 'dataDirectory'>): Promise<VolumeStorage | S3Storage> {
  return storage.kind === 's3'
    ? createS3Storage(storage)
    : await createVolumeStorage(join(dataDirectory, 'volume'))
}
