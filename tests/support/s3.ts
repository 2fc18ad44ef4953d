import { randomBytes } from 'node:crypto'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import type { S3StorageOptions } from '../../src/storage/s3.ts'
import { createS3Client, type S3Place } from '../../src/storage/s3Client.ts'

/** The S3 server of this run: `S3_TEST_ENDPOINT`, with the keys and the proof that it takes. */
function findServer(): Omit<S3Place, 's3Bucket'> {
  const { S3_TEST_ENDPOINT: endpoint, S3_TEST_PROOF: proof } = process.env
  if (endpoint === undefined)
    throw new Error('S3_TEST_ENDPOINT must name an S3 server, as http://127.0.0.1:9000')
  return {
    region: process.env.S3_TEST_REGION ?? 'us-east-1',
    endpoint,
    forcePathStyle: true,
    credentials: {
      accessKeyId: process.env.S3_TEST_ACCESS_KEY ?? 'cikey0123456789',
      secretAccessKey: process.env.S3_TEST_SECRET_KEY ?? 'cisecret0123456789',
    },
    proof: proof === 'crc32' ? 'crc32' : 'md5',
  }
}

/** A bucket of one's own on the server of this run. */
export async function createS3Bucket(): Promise<S3Place> {
  const place = { ...findServer(), s3Bucket: `upfile-${randomBytes(8).toString('hex')}` }
  const client = createS3Client(place)
  try {
    await client.send(new CreateBucketCommand({ Bucket: place.s3Bucket }))
  } finally {
    client.destroy()
  }
  return place
}

/** Somewhere in the bucket where nobody else is. */
export const somewhereIn = (place: S3Place): S3StorageOptions => ({
  ...place,
  prefix: `${randomBytes(8).toString('hex')}/`,
  partBytes: 5 * 2 ** 20,
  uploadMemoryBytes: 64 * 2 ** 20,
})
