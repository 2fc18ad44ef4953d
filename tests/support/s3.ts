import { randomBytes } from 'node:crypto'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { StorageKey } from '../../src/model/blob.ts'
import { createS3Client, type S3Location } from '../../src/storage/s3/client.ts'
import type { S3StorageOptions } from '../../src/storage/s3/s3.ts'
import type { StoredBytes } from './volume.ts'

/** The S3 server of this run, as S3_TEST_… say; `globalSetup` starts one when they say nothing. */
export function findServer(): S3ServerPlace {
  const { S3_TEST_ENDPOINT: endpoint = '', S3_TEST_REGION: region = 'us-east-1' } = process.env
  const { S3_TEST_ACCESS_KEY_ID: accessKeyId = '', S3_TEST_SECRET_ACCESS_KEY: secretAccessKey = '' } =
    process.env
  const proof = process.env.S3_TEST_CHECKSUM === 'crc32' ? 'crc32' : 'sha256'
  return { region, endpoint, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey }, proof }
}

const briefly = { silenceSeconds: 20, mostSockets: 4 }

/** An S3 server, and how it is spoken to. */
export type S3ServerPlace = Omit<S3Location, 's3Bucket'>

/** A bucket of one's own on the server of this run. */
export const createS3Bucket = (): Promise<S3Location> => createS3BucketOn(findServer())

export async function createS3BucketOn(server: S3ServerPlace): Promise<S3Location> {
  const place = { ...server, s3Bucket: `upfile-${randomBytes(8).toString('hex')}` }
  await withClient(place, (client) => client.send(new CreateBucketCommand({ Bucket: place.s3Bucket })))
  return place
}

async function withClient<Result>(
  place: S3Location,
  work: (client: S3Client) => Promise<Result>,
): Promise<Result> {
  const client = createS3Client(place, briefly)
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}

/** Puts other bytes where bytes of a storage are. */
export async function overwrite(options: S3StorageOptions, key: StorageKey, Body: Buffer): Promise<void> {
  const Key = `${options.prefix}${key.startsWith('staging/') ? '' : 'blobs/'}${key}`
  await withClient(options, (client) =>
    client.send(new PutObjectCommand({ Bucket: options.s3Bucket, Key, Body })),
  )
}

/** The objects of the bucket below the prefix of a storage, and beside it. */
export function bytesInS3(options: S3StorageOptions): StoredBytes {
  const { s3Bucket: Bucket, prefix } = options
  const call = <Result>(work: (client: S3Client) => Promise<Result>) => withClient(options, work)
  const put = (Key: string, Body: Buffer) =>
    call((client) => client.send(new PutObjectCommand({ Bucket, Key, Body })))
  const remove = (Key: string) => call((client) => client.send(new DeleteObjectCommand({ Bucket, Key })))
  const get = (Key: string) =>
    call(async (client) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
      return Buffer.from((await Body?.transformToByteArray()) ?? [])
    })
  return {
    async change(key, how) {
      const name = `${prefix}blobs/${key}`
      const changed = how(await get(name))
      await (changed ? put(name, changed) : remove(name))
    },
    plant: async (name, bytes = '') => void (await put(`${prefix}${name}`, Buffer.from(bytes))),
    read: async (name) => (await get(`${prefix}${name}`)).toString(),
    begin: async (key) =>
      void (await call((client) =>
        client.send(new CreateMultipartUploadCommand({ Bucket, Key: `${prefix}blobs/${key}` })),
      )),
    removeMark: async () => void (await remove(`${prefix}.hwm`)),
  }
}

/** The server's own lists below the prefix: names of objects, and of uploads in parts that have not ended. */
export const listBelow = (options: S3StorageOptions) =>
  withClient(options, async (client) => {
    const { s3Bucket: Bucket, prefix: Prefix } = options
    const objects: string[] = []
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix }))
      objects.push(...Contents.flatMap(({ Key }) => Key ?? []))
    const { Uploads = [], IsTruncated } = await client.send(
      new ListMultipartUploadsCommand({ Bucket, Prefix }),
    )
    if (IsTruncated) throw new Error('There are more uploads than one page holds.')
    return { objects, uploads: Uploads.flatMap(({ Key }) => Key ?? []) }
  })

/** A new prefix in the bucket, for one service alone. */
export const somewhereIn = (place: S3Location): S3StorageOptions => ({
  ...place,
  publicEndpoint: undefined,
  prefix: `${randomBytes(8).toString('hex')}/`,
  partBytes: 5 * 2 ** 20,
  uploadMemoryBytes: 64 * 2 ** 20,
  deadlineSeconds: 30,
})

/** The settings with which a service keeps its bytes in the bucket of this process. */
export async function bucketSettings(): Promise<Readonly<Record<string, string>>> {
  shared ??= createS3Bucket()
  return toSettings(await shared)
}

/** The settings with which a service keeps its bytes in this bucket, below a new prefix. */
export function toSettings({ s3Bucket, endpoint = '', region, proof, credentials }: S3Location) {
  return {
    STORAGE: 's3',
    AWS_S3_BUCKET_NAME: s3Bucket,
    AWS_S3_ENDPOINT: endpoint,
    AWS_S3_REGION: region,
    AWS_S3_CHECKSUM: proof,
    AWS_S3_PREFIX: `${randomBytes(8).toString('hex')}/`,
    AWS_ACCESS_KEY_ID: credentials?.accessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? '',
  }
}

let shared: Promise<S3Location> | undefined
