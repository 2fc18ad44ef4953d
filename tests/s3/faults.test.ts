import { randomBytes } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { StorageKey } from '../../src/model/blob.ts'
import { readBlocks } from '../../src/storage/readBlocks.ts'
import type { S3Location } from '../../src/storage/s3/client.ts'
import type { S3Storage } from '../../src/storage/s3/s3.ts'
import { inBatches, newKey, readAll, whole } from '../storage/storageContract.ts'
import { openS3 } from '../support/openS3.ts'
import { createS3Bucket, somewhereIn } from '../support/s3.ts'
import { createS3FaultProxy, type S3Call, type S3Fault, type S3FaultProxy } from '../support/s3Faults.ts'

const mebibyte = 2 ** 20

let place: S3Location
let proxy: S3FaultProxy
let storage: S3Storage
/** The same storage, with a short deadline, for calls that never succeed. */
let impatient: S3Storage
/** The same one, past the proxy. */
let honest: S3Storage
beforeAll(async () => {
  place = await createS3Bucket()
})
beforeEach(async () => {
  proxy = await createS3FaultProxy(place.endpoint ?? '')
  const options = somewhereIn(place)
  storage = openS3({ ...options, endpoint: proxy.endpoint })
  impatient = openS3({ ...options, endpoint: proxy.endpoint, deadlineSeconds: 2 })
  honest = openS3(options)
})
afterEach(async () => {
  await Promise.all([storage.close(), impatient.close(), honest.close(), proxy.close()])
})

const small = randomBytes(5000)
const large = randomBytes(11 * mebibyte)
const isLarge = (call: S3Call) => /Multipart|Part/.test(call)

/** Whether S3 executed the call that seemed to fail. */
const isDone = (fault: S3Fault) =>
  fault === 'reset after' || (typeof fault === 'object' && 'afterwards' in fault)

const write = (key: StorageKey, bytes: Buffer, to = storage) => to.write(key, inBatches(bytes, 400_000))
const read = (from: S3Storage, key: StorageKey, bytes: Buffer) =>
  readAll(readBlocks(from, key, whole(bytes.length), mebibyte))

const passing: readonly (readonly [string, S3Fault])[] = [
  ['is reset before it is read', 'reset before'],
  ['is reset after it was done', 'reset after'],
  ['is answered 503 SlowDown', { status: 503, code: 'SlowDown' }],
  ['is answered 500 InternalError', { status: 500, code: 'InternalError' }],
  ['is answered 429', { status: 429, code: 'TooManyRequests' }],
  ['is done and answered 500', { status: 500, code: 'InternalError', afterwards: true }],
  ['is refused by the clock', { status: 403, code: 'RequestTimeTooSkewed' }],
  ['is answered 503 by a gateway', { status: 503, body: 'no healthy upstream' }],
  ['is answered 502 in HTML', { status: 502, body: '<html><body><h1>502 Bad Gateway</h1><hr></html>' }],
]
/** The cases that may wait for the deadline: one of each kind. */
const lasting = passing.filter(([how]) => /reset|SlowDown|done/.test(how))

const writing: readonly S3Call[] = [
  'PutObject',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
]

describe('A write to S3', () => {
  it.each(writing.flatMap((call) => passing.map(([how, fault]) => [call, how, fault] as const)))(
    'goes well although a %s %s, twice',
    async (call, _how, fault) => {
      const bytes = isLarge(call) ? large : small
      const key = newKey()
      proxy.inject(call, fault, 2)
      await write(key, bytes)
      expect((await read(honest, key, bytes)).equals(bytes)).toBe(true)
      await storage.delete(key)
      expect(await Array.fromAsync(honest.list())).toEqual([])
    },
  )

  it.each(writing.flatMap((call) => lasting.map(([how, fault]) => [call, how, fault] as const)))(
    'is refused when every %s %s, and leaves nothing that a sweep does not find',
    async (call, _how, fault) => {
      // What was done although its answer was lost every time is done: only then may it be there.
      const key = newKey()
      proxy.inject(call, fault, 1000)
      const outcome = await write(key, isLarge(call) ? large : small, impatient).then(
        () => 'written',
        (error: { code?: string }) => error.code,
      )
      if (!isDone(fault)) expect(outcome).toBe('storage-unavailable')
      if (outcome === 'written')
        expect(await honest.size(key)).toBe(isLarge(call) ? large.length : small.length)
      await honest.delete(key)
      expect(await Array.fromAsync(honest.list())).toEqual([])
    },
  )

  it.each(['PutObject', 'UploadPart'] as const)(
    'goes well although the bytes of a %s are changed on their way, twice',
    async (call) => {
      const bytes = isLarge(call) ? large : small
      const key = newKey()
      proxy.inject(call, 'changed bytes', 2)
      await write(key, bytes)
      expect((await read(honest, key, bytes)).equals(bytes)).toBe(true)
    },
  )

  it('is refused when the answer to its completion is a failure in a 200, and nothing is there', async () => {
    proxy.inject('CompleteMultipartUpload', { status: 200, code: 'InternalError' }, 1000)
    await expect(write(newKey(), large, impatient)).rejects.toMatchObject({ code: 'storage-unavailable' })
  })

  it('goes on after many that failed before their first part was sent', async () => {
    const narrow = openS3({
      ...somewhereIn(place),
      endpoint: proxy.endpoint,
      deadlineSeconds: 1,
      uploadMemoryBytes: 5 * mebibyte,
    })
    proxy.inject('CreateMultipartUpload', { status: 403, code: 'AccessDenied' }, 3)
    for (let times = 0; times < 3; times++) {
      const writing = narrow.write(newKey(), inBatches(large, mebibyte))
      await expect(writing).rejects.toMatchObject({ code: 'storage-unavailable' })
    }
    const key = newKey()
    await narrow.write(key, inBatches(large, mebibyte))
    expect(await narrow.size(key)).toBe(large.length)
    await narrow.close()
  })

  it('says that the storage is full when a quota is used up', async () => {
    proxy.inject('PutObject', { status: 403, code: 'QuotaExceeded' })
    await expect(write(newKey(), small)).rejects.toMatchObject({ code: 'storage-full' })
  })

  it('asks what is there when an answer shows another checksum', async () => {
    const key = newKey()
    proxy.inject('PutObject', 'wrong checksum')
    await write(key, small)
    expect(proxy.calls).toEqual(['PutObject', 'HeadObject'])
    expect((await read(honest, key, small)).equals(small)).toBe(true)
  })

  it.each<[string, S3Call, readonly S3Fault[]]>([
    ['a PUT meets another of its kind', 'PutObject', [{ status: 409, code: 'ConditionalRequestConflict' }]],
    ['the answer to a PUT is lost, which is 412 the next time', 'PutObject', ['reset after']],
    [
      'the answer to a completion is lost, and the upload is not known the next time',
      'CompleteMultipartUpload',
      ['reset after', { status: 404, code: 'NoSuchUpload' }],
    ],
    [
      'a completion is done and answered by a failure in a 200',
      'CompleteMultipartUpload',
      [{ status: 200, code: 'InternalError', afterwards: true }],
    ],
    ['the answer to a completion is half of one', 'CompleteMultipartUpload', ['half an answer']],
    ['the answer to a part is half of one', 'UploadPart', ['half an answer']],
    ['a completion takes longer than the deadline', 'CompleteMultipartUpload', [{ lateBySeconds: 4 }]],
    ['it was begun three times', 'CreateMultipartUpload', ['reset after', 'reset after']],
  ])('goes well when %s', async (_case, call, faults) => {
    const bytes = isLarge(call) ? large : small
    const key = newKey()
    for (const fault of faults) proxy.inject(call, fault)
    await write(key, bytes)
    expect((await read(honest, key, bytes)).equals(bytes)).toBe(true)
    expect(await Array.fromAsync(honest.list())).toEqual([{ key, finished: true }])
  })

  it.each<[string, S3Call, S3Fault]>([
    [
      'its upload is unknown to the completion',
      'CompleteMultipartUpload',
      { status: 404, code: 'NoSuchUpload' },
    ],
    ['a part has another checksum than what was sent', 'UploadPart', 'wrong checksum'],
    ['what is there has another size', 'HeadObject', 'wrong size'],
    ['it may not begin an upload', 'CreateMultipartUpload', { status: 403, code: 'AccessDenied' }],
    ['it may not send a part', 'UploadPart', { status: 403, code: 'AccessDenied' }],
    ['it may not complete an upload', 'CompleteMultipartUpload', { status: 403, code: 'AccessDenied' }],
    ['it may not ask what is there', 'HeadObject', { status: 403, code: 'AccessDenied' }],
  ])('is never acknowledged, nor tried again, when %s', async (_case, call, fault) => {
    const key = newKey()
    proxy.inject(call, fault, 1000)
    await expect(write(key, large, impatient)).rejects.toMatchObject({ code: 'storage-unavailable' })
    const parts = Math.ceil(large.length / (5 * mebibyte))
    expect(proxy.calls.filter((each) => each === call).length).toBeLessThanOrEqual(parts)
    await honest.delete(key)
    expect(await Array.fromAsync(honest.list())).toEqual([])
  })

  it('takes nothing for its own that somebody else wrote under its key', async () => {
    const key = newKey()
    const others = randomBytes(small.length)
    await honest.write(key, inBatches(others, 5000))
    await expect(write(key, small)).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect((await read(honest, key, small)).equals(others)).toBe(true)
  })

  it.each<S3Call>(['PutObject', 'CreateMultipartUpload', 'UploadPart'])(
    'is refused when the answer to a %s comes late, and what comes after it is swept',
    async (call) => {
      const key = newKey()
      proxy.inject(call, { lateBySeconds: 3600 }, 1000)
      await expect(write(key, isLarge(call) ? large : small, impatient)).rejects.toMatchObject({
        code: 'storage-unavailable',
      })
      await honest.delete(key)
      expect(await Array.fromAsync(honest.list())).toEqual([])
    },
  )

  it.each<[S3Call, number, string, string]>([
    ['PutObject', 403, 'AccessDenied', 'the rights that belong to AWS_ACCESS_KEY_ID'],
    ['HeadObject', 403, 'AccessDenied', 'the rights that belong to AWS_ACCESS_KEY_ID'],
    ['CreateMultipartUpload', 400, 'ExpiredToken', 'renew AWS_SESSION_TOKEN'],
    ['HeadObject', 400, 'ExpiredToken', 'whether AWS_SESSION_TOKEN has expired'],
    ['PutObject', 301, 'PermanentRedirect', 'check AWS_S3_REGION and AWS_S3_ENDPOINT'],
  ])(
    'is told which setting to look at, and its client nothing: %s, %i %s',
    async (call, status, code, advice) => {
      proxy.inject(call, { status, code }, 1000)
      const error = await write(newKey(), call === 'PutObject' ? small : large).catch((refusal) => refusal)
      expect(error).toMatchObject({
        message: 'The storage is not available: try again later.',
        cause: { message: expect.stringContaining(advice) },
      })
    },
  )
})

describe('A read from S3', () => {
  it.each([...passing, ['breaks off', 'half an answer'] as const])(
    'gives every byte although a GetObject %s',
    async (_how, fault) => {
      const key = newKey()
      await honest.write(key, inBatches(large, mebibyte))
      proxy.inject('GetObject', fault, 2)
      expect((await read(storage, key, large)).equals(large)).toBe(true)
    },
  )

  it.each<[string, S3Fault]>([
    ['is answered 503', { status: 503, code: 'SlowDown' }],
    ['breaks off before its first byte', 'reset before'],
    ['is forbidden', { status: 403, code: 'AccessDenied' }],
    ['is answered late', { lateBySeconds: 3600 }],
  ])('fails when every GetObject %s', async (_how, fault) => {
    const key = newKey()
    await honest.write(key, inBatches(small, 5000))
    proxy.inject('GetObject', fault, 1000)
    await expect(read(impatient, key, small)).rejects.toMatchObject({ code: 'storage-unavailable' })
  })

  it('tells that bytes are damaged when there are fewer than there should be', async () => {
    const key = newKey()
    await honest.write(key, inBatches(small, 5000))
    const tooMany = Buffer.alloc(small.length + 1)
    await expect(read(storage, key, tooMany)).rejects.toMatchObject({ code: 'file-damaged' })
  })
})

describe('A sweep of S3', () => {
  const sweeping: readonly S3Call[] = ['ListMultipartUploads', 'AbortMultipartUpload', 'DeleteObject']

  it.each(sweeping.flatMap((call) => passing.map(([how, fault]) => [call, how, fault] as const)))(
    'removes an upload that broke off although a %s %s, twice',
    async (call, _how, fault) => {
      const key = newKey()
      async function* broken() {
        yield* inBatches(large, mebibyte)
        throw new Error('connection lost')
      }
      await expect(storage.write(key, broken())).rejects.toThrow('connection lost')
      expect(await Array.fromAsync(honest.list())).toEqual([{ key, finished: false }])
      proxy.inject(call, fault, 2)
      await storage.delete(key)
      expect(await Array.fromAsync(honest.list())).toEqual([])
    },
  )
})

describe('An answer of S3 that comes late', () => {
  it.each<[S3Call, (key: StorageKey) => Promise<unknown>]>([
    ['HeadObject', (key) => storage.size(key)],
    ['ListObjectsV2', () => Array.fromAsync(storage.list())],
    ['ListMultipartUploads', (key) => storage.delete(key)],
    ['AbortMultipartUpload', (key) => storage.delete(key)],
    ['DeleteObject', (key) => storage.delete(key)],
  ])('is not waited for beyond the deadline: that to a %s', async (call, action) => {
    const key = newKey()
    async function* broken() {
      yield* inBatches(large, mebibyte)
      throw new Error('connection lost')
    }
    await expect(honest.write(key, broken())).rejects.toThrow('connection lost')
    proxy.inject(call, { lateBySeconds: 3600 }, 1000)
    await expect(action(key)).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect(proxy.calls).toContain(call)
  })
})

describe('A list of S3', () => {
  const listing: readonly S3Call[] = ['ListObjectsV2', 'ListMultipartUploads']

  it.each(listing.flatMap((call) => passing.map(([how, fault]) => [call, how, fault] as const)))(
    'is whole although a %s %s, twice',
    async (call, _how, fault) => {
      const key = newKey()
      await honest.write(key, inBatches(small, 5000))
      proxy.inject(call, fault, 2)
      expect(await Array.fromAsync(storage.list())).toEqual([{ key, finished: true }])
    },
  )

  it.each(listing)('fails, and is never short, when every %s is throttled', async (call) => {
    proxy.inject(call, { status: 503, code: 'SlowDown' }, 1000)
    await expect(Array.fromAsync(impatient.list())).rejects.toMatchObject({ code: 'storage-unavailable' })
  })
})
