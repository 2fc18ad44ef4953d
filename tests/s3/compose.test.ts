import { randomBytes } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { StorageKey } from '../../src/model/blob.ts'
import { readBlocks } from '../../src/storage/readBlocks.ts'
import type { S3Location } from '../../src/storage/s3/client.ts'
import type { S3Storage } from '../../src/storage/s3/s3.ts'
import { inBatches, newKey, newStagingKey, readAll, whole } from '../storage/storageContract.ts'
import { openS3 } from '../support/openS3.ts'
import { createS3Bucket, overwrite, somewhereIn } from '../support/s3.ts'
import { createS3FaultProxy, type S3Call, type S3FaultProxy } from '../support/s3Faults.ts'
import { passingFaults } from '../support/s3PassingFaults.ts'

const mebibyte = 2 ** 20

let place: S3Location
let proxy: S3FaultProxy
let options: ReturnType<typeof somewhereIn>
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
  options = somewhereIn(place)
  storage = openS3({ ...options, endpoint: proxy.endpoint })
  impatient = openS3({ ...options, endpoint: proxy.endpoint, deadlineSeconds: 2 })
  honest = openS3(options)
})
afterEach(async () => {
  await Promise.all([storage.close(), impatient.close(), honest.close(), proxy.close()])
})

const large = randomBytes(5 * mebibyte + 1)
const small = randomBytes(1000)

async function stored(bytes: Buffer, key = newKey()): Promise<StorageKey> {
  await honest.write(key, inBatches(bytes, mebibyte))
  return key
}

async function expectBytes(key: StorageKey, bytes: Buffer) {
  expect(await honest.size(key)).toBe(bytes.length)
  expect((await readAll(readBlocks(honest, key, whole(bytes.length), mebibyte))).equals(bytes)).toBe(true)
}

/** Each call, and parts whose composition makes that call. */
const calls: readonly (readonly [S3Call, readonly Buffer[]])[] = [
  ['HeadObject', [large]],
  ['CopyObject', [large]],
  ['CreateMultipartUpload', [large, small]],
  ['UploadPartCopy', [large, small]],
  ['GetObject', [large, small]],
  ['UploadPart', [large, small]],
  ['CompleteMultipartUpload', [large, small]],
  ['PutObject', [small, small]],
]

describe('A composition in S3', () => {
  it.each(
    calls.flatMap(([call, parts]) => passingFaults.map(([how, fault]) => [call, how, parts, fault] as const)),
  )('goes well although a %s %s, twice', async (call, _how, parts, fault) => {
    const keys = await Promise.all(parts.map((bytes) => stored(bytes)))
    const key = newKey()
    proxy.inject(call, fault, 2)
    await storage.compose(key, keys)
    expect(proxy.calls).toContain(call)
    await expectBytes(key, Buffer.concat(parts))
    for (const each of [key, ...keys]) await honest.delete(each)
    expect(await Array.fromAsync(honest.list())).toEqual([])
  })

  it.each(calls)('is refused when every %s fails, and a sweep finds what it leaves', async (call, parts) => {
    const keys = await Promise.all(parts.map((bytes) => stored(bytes)))
    const key = newKey()
    proxy.inject(call, { status: 503, code: 'SlowDown' }, 1000)
    await expect(impatient.compose(key, keys)).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect(await honest.size(key)).toBeUndefined()
    for (const each of [key, ...keys]) await honest.delete(each)
    expect(await Array.fromAsync(honest.list())).toEqual([])
  })

  it.each<[S3Call, readonly Buffer[]]>([
    ['CopyObject', [large]],
    ['UploadPartCopy', [large, small]],
    ['CompleteMultipartUpload', [large, small]],
  ])('is refused when the answer to a %s is a failure in a 200', async (call, parts) => {
    const keys = await Promise.all(parts.map((bytes) => stored(bytes)))
    proxy.inject(call, { status: 200, code: 'InternalError' }, 1000)
    await expect(impatient.compose(newKey(), keys)).rejects.toMatchObject({ code: 'storage-unavailable' })
  })

  it('moves nothing through the service that the server can copy', async () => {
    const parts = [await stored(large), await stored(large), await stored(large)]
    const key = newKey()
    await storage.compose(key, parts)
    await expectBytes(key, Buffer.concat([large, large, large]))
    expect(proxy.calls.filter((call) => /^(Get|Put|UploadPart$)/.test(call))).toEqual([])
  })

  it('of one part takes nothing with it but the bytes', async () => {
    const staging = newStagingKey()
    const signed = await honest.direct?.signPut(staging, { seconds: 60, size: 1000, mediaType: 'text/html' })
    const headers = { ...signed?.headers, 'Content-Encoding': 'gzip', 'Cache-Control': 'public' }
    const sent = await fetch(signed?.url ?? '', { method: 'PUT', headers, body: new Uint8Array(small) })
    expect(sent.status).toBe(200)
    const key = newKey()
    await storage.compose(key, [staging])
    await expectBytes(key, small)
    const wanted = { seconds: 60, mediaType: 'image/png', disposition: 'inline' }
    const answer = await fetch((await honest.direct?.signRead(key, wanted)) ?? '')
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(small)
    expect(answer.headers.get('Content-Encoding')).toBeNull()
    expect(answer.headers.get('Cache-Control')).toBe('private')
  })

  const other = randomBytes(large.length)

  it.each<[string, S3Call, readonly Buffer[]]>([
    ['copied whole', 'CopyObject', [large]],
    ['copied in part', 'UploadPartCopy', [large, small]],
    ['read', 'GetObject', [small, large]],
  ])('takes no bytes of a part that changes before it is %s', async (_how, call, parts) => {
    const keys = await Promise.all(parts.map((bytes) => stored(bytes, newStagingKey())))
    const key = newKey()
    proxy.inject(call, async () => {
      for (const [index, each] of keys.entries())
        await overwrite(options, each, other.subarray(0, parts[index]?.length))
    })
    await expect(storage.compose(key, keys)).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect(await honest.size(key)).toBeUndefined()
  })

  it.each<[string, S3Call, readonly Buffer[]]>([
    ['copied whole', 'CopyObject', [large]],
    ['copied in part', 'UploadPartCopy', [large, small]],
    ['read', 'GetObject', [small, large]],
  ])('misses a part that goes before it is %s', async (_how, call, parts) => {
    const keys = await Promise.all(parts.map((bytes) => stored(bytes)))
    proxy.inject(call, () => Promise.all(keys.map((each) => honest.delete(each))))
    await expect(storage.compose(newKey(), keys)).rejects.toMatchObject({ code: 'file-not-found' })
  })

  it('goes on after many that failed, with the memory of one part', async () => {
    const narrow = openS3({
      ...options,
      endpoint: proxy.endpoint,
      deadlineSeconds: 1,
      uploadMemoryBytes: 5 * mebibyte,
    })
    const larger = randomBytes(11 * mebibyte)
    const [one, two] = [await stored(larger), await stored(small)]
    const parts = [two, one, two, one, two]
    for (const call of ['GetObject', 'UploadPart', 'UploadPartCopy'] as const) {
      proxy.inject(call, { status: 403, code: 'AccessDenied' })
      await expect(narrow.compose(newKey(), parts)).rejects.toMatchObject({ code: 'storage-unavailable' })
    }
    const key = newKey()
    await narrow.compose(key, parts)
    await expectBytes(key, Buffer.concat([small, larger, small, larger, small]))
    await narrow.close()
  })
})
