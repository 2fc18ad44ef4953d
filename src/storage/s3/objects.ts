import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { storageUnavailable } from '../../errors.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { S3Calls } from './calls.ts'
import { isMissing } from './errors.ts'

/** What can be asked about the objects of a bucket, by their names. Everything throws what the SDK throws. */
export type S3Objects = ReturnType<typeof createS3Objects>

/** An object as it was when it was asked for. */
export interface S3Object {
  readonly name: string
  readonly size: number
  /** Another one as soon as the bytes are others; a few servers have none. */
  readonly etag: string | undefined
}

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

  /** Undefined when there is none of this name. */
  const describe = (Key: string): Promise<S3Object | undefined> =>
    send(new HeadObjectCommand({ Bucket, Key })).then(
      ({ ContentLength, ETag }) => ({ name: Key, size: ContentLength ?? 0, etag: ETag }),
      unlessMissing,
    )

  /** Bytes; undefined when there is none of this name. */
  const sizeOf = async (name: string) => (await describe(name))?.size

  const read = (Key: string): Promise<{ text: string; etag: string | undefined } | undefined> =>
    send(new GetObjectCommand({ Bucket, Key })).then(
      async ({ Body, ETag }) => ({ text: (await Body?.transformToString()) ?? '', etag: ETag }),
      unlessMissing,
    )

  return {
    listUploads,
    describe,
    sizeOf,

    /** Few servers refuse the second who writes a name. Names are random: this only tells of a mistake of ours. */
    async insistOnUnused(name: string): Promise<void> {
      if ((await describe(name)) !== undefined) throw new Error(`${name} was written before`)
    },

    /**
     * Does what makes an object of so many bytes. Its answer may be lost, or be a failure after success: what counts is
     * what is there.
     */
    async settle(name: string, size: number, make: () => Promise<unknown>): Promise<void> {
      const failure = await make().then(
        () => undefined,
        (error: unknown) => ({ error }),
      )
      await failpoint('U7')
      const found = await sizeOf(name)
      if (found === size) return
      if (failure) throw failure.error
      throw storageUnavailable(new Error(`S3 holds ${found} bytes of ${size} as ${name}.`))
    },

    /** The names below a prefix. */
    async *list(Prefix: string) {
      let ContinuationToken: string | undefined
      do {
        const page = await send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }))
        for (const { Key } of page.Contents ?? []) if (Key) yield Key
        ContinuationToken = page.NextContinuationToken
      } while (ContinuationToken !== undefined)
    },

    /** A small object; undefined when there is none of this name. */
    read,

    readText: async (name: string): Promise<string | undefined> => (await read(name))?.text,

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
