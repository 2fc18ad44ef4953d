import { createYoungBuffers } from '../../src/runtime/youngBuffers.ts'
import { createS3Storage, type S3Storage, type S3StorageOptions } from '../../src/storage/s3/s3.ts'

/** Opens a storage in S3 as the service does. */
export const openS3 = (options: S3StorageOptions): S3Storage =>
  createS3Storage(options, createYoungBuffers({ enabled: true }))
