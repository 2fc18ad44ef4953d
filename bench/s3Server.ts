import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { CreateBucketCommand, DeleteObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { type RadosgwOptions, startRadosgw } from '../tests/support/radosgw.ts'

/** A radosgw with one bucket; plain values, because a peer gets them as an argument. */
export type S3Address = {
  readonly endpoint: string
  readonly s3Bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export type S3Server = {
  readonly address: S3Address
  /** The settings with which a service keeps its bytes there. */
  readonly settings: NodeJS.ProcessEnv
  readonly names: () => Promise<string[]>
  /** Removes all objects, and waits until their room is free. */
  readonly empty: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Why there can be no S3 server on this machine; undefined when there can. */
export function missingS3Server(): string | undefined {
  const missing = ['radosgw', 'ceph-mon', 'ceph-osd'].filter((program) => !isInstalled(program))
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`
}

export async function startS3Server(directory: string, options: Required<RadosgwOptions>): Promise<S3Server> {
  const radosgw = await startRadosgw(directory, options)
  const { endpoint, accessKeyId, secretAccessKey } = radosgw
  const address = { endpoint, accessKeyId, secretAccessKey, s3Bucket: 'bench' }
  const client = createS3Client(address)
  const Bucket = address.s3Bucket
  await client.send(new CreateBucketCommand({ Bucket }))

  async function names(): Promise<string[]> {
    const pages = await Array.fromAsync(paginateListObjectsV2({ client }, { Bucket }))
    return pages.flatMap(({ Contents = [] }) => Contents.flatMap(({ Key }) => Key ?? []))
  }

  return {
    address,
    settings: {
      STORAGE: 's3',
      AWS_S3_ENDPOINT: endpoint,
      AWS_S3_BUCKET_NAME: Bucket,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
    names,
    async empty() {
      for (const Key of await names()) {
        if (isBytes(Key)) await client.send(new DeleteObjectCommand({ Bucket, Key }))
      }
      await radosgw.collectGarbage()
    },
    async stop() {
      client.destroy()
      await radosgw.stop()
    },
  }
}

/** As the SDK is by itself, but for the checksums, which radosgw 16 does not know. */
export const createS3Client = ({ endpoint, accessKeyId, secretAccessKey }: S3Address) =>
  new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })

/** Whether the object holds bytes of files. The objects that identify the storage stay. */
const isBytes = (name: string) => /^(blobs|peer)\//.test(name)

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
