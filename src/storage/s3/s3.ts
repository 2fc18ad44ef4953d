import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { YoungBuffers } from '../../runtime/youngBuffers.ts'
import { resumed } from '../resumed.ts'
import type { Storage } from '../storage.ts'
import { parseKey } from '../storageKey.ts'
import { createS3Calls } from './calls.ts'
import type { S3Location } from './client.ts'
import { composeS3 } from './compose.ts'
import { cutParts } from './cutParts.ts'
import { createS3Direct } from './direct.ts'
import { attemptS3, toS3Error } from './errors.ts'
import { createS3Mark } from './mark.ts'
import { createS3Objects } from './objects.ts'
import { createPartBuffers } from './partBuffers.ts'
import { createS3Put } from './put.ts'
import { putParts } from './putParts.ts'
import { openS3Object } from './reads.ts'
import { watchSource } from './watchSource.ts'

export interface S3StorageOptions extends S3Location {
  /** The endpoint that clients are sent to; undefined when it is the service's own. */
  readonly publicEndpoint: string | undefined
  /** The beginning of every name in the bucket, as `upfile/`; may be empty. */
  readonly prefix: string
  /** Bytes of a part, from 5 MiB; a file has at most 10,000 parts. */
  readonly partBytes: number
  /** Bytes that all uploads together may hold in memory. */
  readonly uploadMemoryBytes: number
  /** Seconds that one call may take with all its repetitions. */
  readonly deadlineSeconds: number
}

export interface S3Storage extends Storage {
  close(): Promise<void>
}

const BLOBS = 'blobs/'
const STAGING = 'staging/'

/** Bytes as objects in an S3 bucket: one request for bytes that fit into a part, several parts for more. */
export function createS3Storage(options: S3StorageOptions, youngBuffers: YoungBuffers): S3Storage {
  const { prefix, partBytes, uploadMemoryBytes } = options
  const calls = createS3Calls(options, options.deadlineSeconds, youngBuffers)
  const objects = createS3Objects(calls)
  const put = createS3Put(calls, objects)
  const buffers = createPartBuffers({
    partBytes,
    most: Math.max(1, Math.floor(uploadMemoryBytes / partBytes)),
  })
  const nameOf = (key: StorageKey) => `${prefix}${key.startsWith(STAGING) ? '' : BLOBS}${key}`
  const keyOf = (name: string) =>
    name.slice(prefix.length + (name.startsWith(BLOBS, prefix.length) ? BLOBS.length : 0))
  const mayChange = (name: string) => name.startsWith(nameOf(STAGING))
  const identityName = `${prefix}.storage-id`
  const markName = `${prefix}.hwm`
  const mark = createS3Mark(calls, objects, markName)
  const checkName = `${prefix}.check`
  let identity: string | undefined
  let checking: Promise<void> | undefined

  /** A small file comes in one batch and takes no buffer of a part. */
  async function write(name: string, source: AsyncIterator<readonly Buffer[]>): Promise<void> {
    const batch = await source.next()
    const another = batch.done ? batch : await source.next()
    if (another.done) return await put(name, Buffer.concat(batch.done ? [] : batch.value))
    const failing = new AbortController()
    const parts = cutParts(resumed([batch.value, another.value], source), buffers, failing.signal)
    const part = await parts.next()
    if (part.done) return await put(name, Buffer.alloc(0))
    const isAll = part.value.bytes.length < partBytes
    const writing = isAll
      ? put(name, part.value.bytes)
      : putParts(calls, objects, { name, parts: resumed([part.value], parts), failing })
    await writing.finally(part.value.release) // `putParts` may have failed before it took the first part
  }

  async function insistOnIdentity() {
    const found = identity === undefined ? undefined : await objects.readText(identityName)
    if (found?.trim() !== identity) throw new Error(`${identityName} does not hold ${identity}.`)
  }

  /**
   * Tries every right that an upload, a download or a sweep needs. The object stays: another process may read it at the
   * same time. Deleting a name that was never written needs the same right as deleting an object.
   */
  async function tryOut() {
    await failpoint('U2')
    await insistOnIdentity()
    await objects.writeText(checkName, 'upfile')
    const text = await objects.readText(checkName)
    await objects.remove(`${checkName}-none`)
    if (text !== 'upfile') throw new Error(`${calls.s3Bucket} does not give back what was written`)
    await objects.abortUploads(checkName)
  }

  async function* list(shard?: string) {
    const below = shard === undefined ? '' : `${shard}/`
    try {
      for (const begin of [nameOf(below), nameOf(`${STAGING}${below}`)]) {
        for await (const name of objects.list(begin)) yield { key: keyOf(name), finished: true }
        for await (const { Key } of objects.listUploads(begin)) yield { key: keyOf(Key), finished: false }
      }
    } catch (error) {
      throw toS3Error(error)
    }
  }

  return {
    description: {
      kind: 's3',
      identity: identityName,
      mark: `${markName} in the bucket`,
      settings: 'AWS_S3_BUCKET_NAME, AWS_S3_PREFIX',
      question: 'is it the bucket of AWS_S3_BUCKET_NAME, and AWS_S3_PREFIX as it was?',
    },
    put: (key, bytes) => attemptS3(() => put(nameOf(key), bytes)),
    async write(key, batches) {
      const source = watchSource(batches)
      try {
        await write(nameOf(key), source)
      } catch (error) {
        throw source.threw(error) ? error : toS3Error(error)
      }
    },
    open: (key, range) => openS3Object(calls, { name: nameOf(key), etag: undefined }, range),
    compose: (key, parts) =>
      attemptS3(() => composeS3({ calls, objects, put, buffers, mayChange }, nameOf(key), parts.map(nameOf))),
    direct: createS3Direct({
      ...{ calls, objects, nameOf },
      location: { ...options, endpoint: options.publicEndpoint ?? options.endpoint },
    }),
    size: (key) => attemptS3(() => objects.sizeOf(nameOf(key))),
    delete: (key) =>
      attemptS3(async () => {
        await objects.abortUploads(nameOf(key))
        await objects.remove(nameOf(key))
      }),
    async *list(shard) {
      for await (const object of list(shard)) if (parseKey(object.key)) yield object
    },
    async check() {
      checking ??= attemptS3(tryOut).finally(() => {
        checking = undefined
      })
      await checking
    },
    // A bucket is never full; its owner watches the cost.
    boundless: true,
    freeBytes: async () => Number.MAX_SAFE_INTEGER,
    readIdentity: () =>
      attemptS3(async () => {
        identity = (await objects.readText(identityName))?.trim()
        return identity
      }),
    writeIdentity: (id) =>
      attemptS3(async () => {
        await objects.writeText(identityName, `${id}\n`)
        identity = id
      }),
    readMark: () => attemptS3(mark.read),
    writeMark: (sequence) => attemptS3(() => mark.raise(sequence)),
    close: async () => calls.close(),
  }
}
