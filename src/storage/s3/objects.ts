import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { storageUnavailable } from '../../errors/service.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { S3Calls } from './calls.ts'
import { isMissing } from './errors.ts'

/** Objects of a bucket by their names. Every function throws what the SDK throws. */
export type S3Objects = ReturnType<typeof createS3Objects>

/** An object as a HEAD described it. */
export interface S3Object {
  readonly name: string
  readonly size: number
  /** Changes when the bytes change; a few servers have none. */
  readonly etag: string | undefined
}

const MOST_ABORTS = 5

/** Calls about single objects, lists and unfinished uploads. */
export function createS3Objects({ send, s3Bucket: Bucket }: S3Calls) {
  /** Unfinished uploads in parts below a prefix. */
  async function* listUploads(Prefix: string) {
    let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
    for (;;) {
      const page = await send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...after }))
      for (const { Key, UploadId } of page.Uploads ?? []) if (Key && UploadId) yield { Key, UploadId }
      if (!page.IsTruncated) return
      after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    }
  }

  /** Undefined when no object has this name. */
  const describe = (Key: string): Promise<S3Object | undefined> =>
    send(new HeadObjectCommand({ Bucket, Key })).then(
      ({ ContentLength, ETag }) => ({ name: Key, size: ContentLength ?? 0, etag: ETag }),
      unlessMissing,
    )

  /** Bytes; undefined when no object has this name. */
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

    /** Throws when an object has the name. Names are random, so this finds only mistakes of the service itself. */
    async insistOnUnused(name: string): Promise<void> {
      if ((await describe(name)) !== undefined) throw new Error(`${name} was written before`)
    },

    /**
     * Runs `make`, which makes an object of `size` bytes. Its answer may be lost, or be a failure after success: the object
     * that is there decides.
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

    /** The text of a small object; undefined when no object has this name. */
    read,

    readText: async (name: string): Promise<string | undefined> => (await read(name))?.text,

    writeText: async (Key: string, Body: string): Promise<void> =>
      void (await send(new PutObjectCommand({ Bucket, Key, Body }))),

    /** Does nothing when no object has this name. */
    remove: async (Key: string): Promise<void> => void (await send(new DeleteObjectCommand({ Bucket, Key }))),

    /** Aborts uploads until none is left: a part that arrives during the abort may stay behind. */
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
