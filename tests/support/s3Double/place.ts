import type { S3Location } from '../../../src/storage/s3/client.ts'
import type { S3ServerPlace } from '../s3.ts'
import { type S3Double, startS3Double } from './server.ts'

export const doubleKey = { accessKeyId: 'upfiletestkey', secretAccessKey: 'upfiletestsecret' }

/** A double of a test's own, in its process. */
export const startOwnDouble = (): Promise<S3Double> =>
  startS3Double({ keys: [doubleKey], region: 'us-east-1', port: 0 })

/** How a storage speaks to it. */
export const placeOf = ({ endpoint, region }: S3Double, proof: S3Location['proof']): S3ServerPlace => ({
  endpoint,
  region,
  forcePathStyle: true,
  credentials: doubleKey,
  proof,
})
