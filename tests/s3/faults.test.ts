import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createS3Storage, type S3Storage } from '../../src/storage/s3.ts'
import type { S3Place } from '../../src/storage/s3Client.ts'
import type { StorageKey } from '../../src/storage/storage.ts'
import { inBatches, newKey, readAll, whole } from '../storage/storageContract.ts'
import { createS3Bucket, somewhereIn } from '../support/s3.ts'
import { createS3FaultProxy, type S3Call, type S3FaultProxy } from '../support/s3Faults.ts'
import { passingFaults } from '../support/s3PassingFaults.ts'

const mebibyte = 2 ** 20

let place: S3Place
let proxy: S3FaultProxy
let storage: S3Storage
/** The same one, for what never goes well. */
let impatient: S3Storage
/** The same one, past the proxy. */
let honest: S3Storage
beforeAll(async () => {
  place = await createS3Bucket()
})
beforeEach(async () => {
  proxy = await createS3FaultProxy(place.endpoint ?? '')
  const options = somewhereIn(place)
  storage = createS3Storage({ ...options, endpoint: proxy.endpoint })
  impatient = createS3Storage({ ...options, endpoint: proxy.endpoint, deadlineSeconds: 2 })
  honest = createS3Storage(options)
})
afterEach(async () => {
  await Promise.all([storage.close(), impatient.close(), honest.close(), proxy.close()])
})

const small = randomBytes(5000)
const large = randomBytes(11 * mebibyte)
const isLarge = (call: S3Call) => /Multipart|Part/.test(call)

const write = (key: StorageKey, bytes: Buffer, to = storage) => to.write(key, inBatches(bytes, 400_000))
const read = (from: S3Storage, key: StorageKey, bytes: Buffer) =>
  readAll(from.read(key, whole(bytes.length), mebibyte))

const writing: readonly S3Call[] = [
  'PutObject',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
]

describe('A write to S3', () => {
  it.each(writing.flatMap((call) => passingFaults.map(([how, fault]) => [call, how, fault] as const)))(
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

  it.each(writing.flatMap((call) => passingFaults.map(([how, fault]) => [call, how, fault] as const)))(
    'is refused when every %s %s, and leaves nothing that a sweep does not find',
    async (call, _how, fault) => {
      // What was done although its answer was lost every time is done: only then may it be there.
      const key = newKey()
      proxy.inject(call, fault, 1000)
      const outcome = await write(key, isLarge(call) ? large : small, impatient).then(
        () => 'written',
        (error: { code?: string }) => error.code,
      )
      if (fault !== 'reset after') expect(outcome).toBe('storage-unavailable')
      if (outcome === 'written')
        expect(await honest.size(key)).toBe(isLarge(call) ? large.length : small.length)
      await honest.delete(key)
      expect(await Array.fromAsync(honest.list())).toEqual([])
    },
  )

  it('is refused when the answer to its completion is a failure in a 200, and nothing is there', async () => {
    proxy.inject('CompleteMultipartUpload', { status: 200, code: 'InternalError' }, 1000)
    await expect(write(newKey(), large, impatient)).rejects.toMatchObject({ code: 'storage-unavailable' })
  })

  it('is refused before its next part is full when one could not be sent', async () => {
    let sent = 0
    async function* slowly() {
      yield* inBatches(large.subarray(0, 6 * mebibyte), mebibyte)
      for (; sent < 2000; sent++) {
        await sleep(5)
        yield [Buffer.alloc(1000)]
      }
    }
    proxy.inject('UploadPart', { status: 403, code: 'AccessDenied' })
    await expect(storage.write(newKey(), slowly())).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect(sent).toBeLessThan(2000)
  })

  it('goes on after many that failed before their first part was sent', async () => {
    const narrow = createS3Storage({
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

  it('is told which setting to look at, and its client nothing', async () => {
    proxy.inject('PutObject', { status: 403, code: 'AccessDenied' }, 1000)
    const error = await write(newKey(), small).catch((refusal: Error) => refusal)
    expect(error).toMatchObject({
      message: 'The storage cannot be used at the moment.',
      cause: { message: expect.stringContaining('the rights that belong to AWS_ACCESS_KEY_ID') },
    })
  })
})

describe('A read from S3', () => {
  it.each([...passingFaults, ['breaks off', 'half an answer'] as const])(
    'gives every byte although a GetObject %s',
    async (_how, fault) => {
      const key = newKey()
      await honest.write(key, inBatches(large, mebibyte))
      proxy.inject('GetObject', fault, 2)
      expect((await read(storage, key, large)).equals(large)).toBe(true)
    },
  )

  it('fails when every one breaks off', async () => {
    const key = newKey()
    await honest.write(key, inBatches(small, 5000))
    proxy.inject('GetObject', { status: 503, code: 'SlowDown' }, 1000)
    await expect(read(impatient, key, small)).rejects.toMatchObject({ code: 'storage-unavailable' })
  })
})

describe('A mark in S3', () => {
  it.each([...passingFaults, ['is answered 501', { status: 501, code: 'NotImplemented' } as const] as const])(
    'is raised although a PutObject %s, the first as the next',
    async (_how, fault) => {
      for (const mark of [7, 12]) {
        proxy.inject('PutObject', fault)
        await storage.writeMark(mark)
        expect(await honest.readMark()).toBe(mark)
      }
    },
  )
})

describe('A sweep of S3', () => {
  const sweeping: readonly S3Call[] = ['ListMultipartUploads', 'AbortMultipartUpload', 'DeleteObject']

  it.each(sweeping.flatMap((call) => passingFaults.map(([how, fault]) => [call, how, fault] as const)))(
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
