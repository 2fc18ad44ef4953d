import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { S3Calls } from './s3Calls.ts'
import { isMissing } from './s3Errors.ts'

/** What can be asked about the objects of a bucket, by their names. Everything throws what the SDK throws. */
export type S3Objects = ReturnType<typeof createS3Objects>

const MOST_ABORTS = 5

export function createS3Objects({ send, s3Bucket: Bucket }: S3Calls) {
  /** Uploads in parts that have begun below a prefix and not ended. */
  async function* listUploads(Prefix: string) {
    let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
    for (;;) {
      const page = await send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...after }))
      for (const { Key, UploadId } of page.Uploads ?? []) if (Key && UploadId) yield { Key, UploadId }
      if (!page.IsTruncated) return
      after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    }
  }

  return {
    listUploads,

    /** The names below a prefix. */
    async *list(Prefix: string) {
      let ContinuationToken: string | undefined
      do {
        const page = await send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }))
        for (const { Key } of page.Contents ?? []) if (Key) yield Key
        ContinuationToken = page.NextContinuationToken
      } while (ContinuationToken !== undefined)
    },

    /** Bytes; undefined when there is none of this name. */
    sizeOf: (Key: string): Promise<number | undefined> =>
      send(new HeadObjectCommand({ Bucket, Key })).then(({ ContentLength }) => ContentLength, unlessMissing),

    readText: (Key: string): Promise<string | undefined> =>
      send(new GetObjectCommand({ Bucket, Key })).then(
        ({ Body }) => Body?.transformToString(),
        unlessMissing,
      ),

    writeText: async (Key: string, Body: string): Promise<void> =>
      void (await send(new PutObjectCommand({ Bucket, Key, Body }))),

    /** Does nothing when it is not there. */
    remove: async (Key: string): Promise<void> => void (await send(new DeleteObjectCommand({ Bucket, Key }))),

    /** A part on its way while its upload is aborted may stay behind, so this is done until nothing is left. */
    async abortUploads(name: string): Promise<void> {
      for (let round = 0; round < MOST_ABORTS; round++) {
        const uploads = await Array.fromAsync(listUploads(name))
        if (uploads.length === 0) return
        for (const upload of uploads)
          await send(new AbortMultipartUploadCommand({ Bucket, ...upload })).catch(unlessMissing)
      }
      throw new Error(`Uploads to ${name} cannot be aborted.`)
    },
  }
}

function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}
