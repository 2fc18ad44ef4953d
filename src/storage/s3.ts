import { randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { failpoint } from '../failpoint.ts'
import { createPartBuffers } from './partBuffers.ts'
import { resumed } from './resumed.ts'
import { createS3Client, type S3Place, withDeadline } from './s3Client.ts'
import { attemptS3, isMissing, toS3Error } from './s3Errors.ts'
import { readS3Blocks } from './s3Reads.ts'
import { createS3Writes } from './s3Writes.ts'
import type { Storage, StorageKey } from './storage.ts'

export interface S3StorageOptions extends S3Place {
  /** What every name in the bucket begins with, as `upfile/`; may be empty. */
  readonly prefix: string
  /** Bytes of a part, from 5 MiB; a file has at most 10,000 parts. */
  readonly partBytes: number
  /** Bytes that all uploads together may hold in memory. */
  readonly uploadMemoryBytes: number
}

export interface S3Storage extends Storage {
  close(): Promise<void>
}

/** Bytes as objects in an S3 bucket: one request for small files, parts for large ones. Throws nothing by itself. */
export function createS3Storage(options: S3StorageOptions): S3Storage {
  const { s3Bucket: Bucket, prefix, partBytes, uploadMemoryBytes } = options
  const client = createS3Client(options)
  const most = Math.max(1, Math.floor(uploadMemoryBytes / partBytes))
  const writes = createS3Writes(client, { place: options, buffers: createPartBuffers({ partBytes, most }) })
  const nameOf = (key: StorageKey) => `${prefix}blobs/${key}`
  const identityName = `${prefix}.storage-id`
  const markName = `${prefix}.hwm`
  let identity: string | undefined

  async function readText(name: string): Promise<string | undefined> {
    try {
      const command = new GetObjectCommand({ Bucket, Key: name })
      const { Body } = await withDeadline((deadline) => client.send(command, deadline))
      return await Body?.transformToString()
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  const writeText = (name: string, text: string) =>
    withDeadline((deadline) => client.send(new PutObjectCommand({ Bucket, Key: name, Body: text }), deadline))

  const remove = (name: string) =>
    withDeadline((deadline) => client.send(new DeleteObjectCommand({ Bucket, Key: name }), deadline))

  /** Uploads in parts that have begun below a prefix and not ended. */
  async function* listUploads(Prefix: string) {
    let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
    for (;;) {
      const command = new ListMultipartUploadsCommand({ Bucket, Prefix, ...after })
      const page = await withDeadline((deadline) => client.send(command, deadline))
      for (const { Key, UploadId } of page.Uploads ?? []) if (Key && UploadId) yield { Key, UploadId }
      if (!page.IsTruncated) return
      after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    }
  }

  /** A part on its way while its upload is aborted stays behind, so this is done until nothing is left. */
  async function abortUploads(name: string): Promise<void> {
    for (let round = 0; round < 5; round++) {
      const uploads = await Array.fromAsync(listUploads(name))
      if (uploads.length === 0) return
      for (const upload of uploads) {
        const command = new AbortMultipartUploadCommand({ Bucket, ...upload })
        await withDeadline((deadline) => client.send(command, deadline)).catch(unlessMissing)
      }
    }
    throw new Error(`Uploads to ${name} cannot be aborted.`)
  }

  async function insistOnIdentity() {
    const found = identity === undefined ? undefined : await readText(identityName)
    if (found?.trim() !== identity) throw new Error(`${identityName} does not hold ${identity}.`)
  }

  async function* list(shard: string) {
    try {
      const directory = nameOf(`${shard}/`)
      const toKey = (name: string) => name.slice(nameOf('').length)
      for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix: directory })) {
        for (const { Key = '' } of page.Contents ?? [])
          if (isKey(toKey(Key))) yield { key: toKey(Key), finished: true }
      }
      for await (const { Key } of listUploads(directory))
        if (isKey(toKey(Key))) yield { key: toKey(Key), finished: false }
    } catch (error) {
      throw toS3Error(error)
    }
  }

  return {
    async write(key, batches) {
      const source = watchSource(batches)
      try {
        const first = await source.next()
        const second = first.done ? first : await source.next()
        if (second.done) await writes.put(nameOf(key), Buffer.concat(first.done ? [] : first.value))
        else await writes.write(nameOf(key), resumed([first.value, second.value], source))
      } catch (error) {
        throw source.threw(error) ? error : toS3Error(error)
      }
    },
    read: (key, range, blockBytes) =>
      readS3Blocks(client, { s3Bucket: Bucket, name: nameOf(key) }, range, blockBytes),
    size: (key) => attemptS3(() => writes.sizeOf(nameOf(key))),
    delete: (key) =>
      attemptS3(async () => {
        await abortUploads(nameOf(key))
        await remove(nameOf(key))
      }),
    list,
    check: () =>
      attemptS3(async () => {
        await failpoint('U2')
        await insistOnIdentity()
        const name = `${prefix}check/${randomUUID()}`
        await writeText(name, 'upfile')
        const text = await readText(name)
        await remove(name)
        if (text !== 'upfile') throw new Error(`${Bucket} does not give back what was written`)
      }),
    // A bucket has no end; what it costs is for its owner to watch.
    freeBytes: async () => Number.MAX_SAFE_INTEGER,
    readIdentity: () =>
      attemptS3(async () => {
        identity = (await readText(identityName))?.trim()
        return identity
      }),
    writeIdentity: (id) =>
      attemptS3(async () => {
        await writeText(identityName, `${id}\n`)
        identity = id
      }),
    readMark: () => attemptS3(async () => Number((await readText(markName)) ?? 0)),
    writeMark: (sequence) => attemptS3(async () => void (await writeText(markName, String(sequence)))),
    close: async () => client.destroy(),
  }
}

const isKey = (text: string) => /^[0-9a-f]{2}\/[0-9a-f]{32}$/.test(text)

function unlessMissing(error: unknown) {
  if (!Error.isError(error) || !['NoSuchUpload', 'NotFound'].includes(error.name)) throw error
}

/** The batches, and whether it was they that threw an error. */
function watchSource(batches: AsyncIterable<readonly Buffer[]>) {
  const iterator = batches[Symbol.asyncIterator]()
  let thrown: { readonly error: unknown } | undefined
  return {
    async next() {
      try {
        return await iterator.next()
      } catch (error) {
        thrown = { error }
        throw error
      }
    },
    threw: (error: unknown) => thrown !== undefined && thrown.error === error,
  }
}
