import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readBlocks } from '../../src/storage/readBlocks.ts'
import type { S3Location } from '../../src/storage/s3/client.ts'
import type { S3Storage, S3StorageOptions } from '../../src/storage/s3/s3.ts'
import { openS3 } from '../support/openS3.ts'
import { createS3BucketOn, somewhereIn } from '../support/s3.ts'
import { answerEmpty, answerXml } from '../support/s3Double/call.ts'
import {
  delay,
  failAfterwards,
  failInside200,
  flipBit,
  hangUpAfterwards,
  type Meddling,
  otherChecksum,
  pretend,
} from '../support/s3Double/meddling.ts'
import type { OperationName } from '../support/s3Double/operations.ts'
import { placeOf, startOwnDouble } from '../support/s3Double/place.ts'
import type { S3Double } from '../support/s3Double/server.ts'
import { inBatches, newKey, readAll, storageContract, whole } from './storageContract.ts'

const mebibyte = 2 ** 20

describe.each(['crc32', 'sha256', 'md5'] as const)('S3, with bytes proven by %s,', (proof) => {
  let double: S3Double
  let place: S3Location
  const opened: S3Storage[] = []
  beforeAll(async () => {
    double = await startOwnDouble()
    place = await createS3BucketOn(placeOf(double, proof))
  })
  afterAll(async () => {
    await Promise.all(opened.map((storage) => storage.close()))
    await double.stop()
  })

  function open(options: S3StorageOptions): S3Storage {
    const storage = openS3(options)
    opened.push(storage)
    return storage
  }

  storageContract(async () => {
    const options = somewhereIn(place)
    return { storage: open(options), reopen: async () => open(options) }
  })

  it.each([5 * mebibyte - 1, 5 * mebibyte, 5 * mebibyte + 1, 13_456_789])(
    'gives back %d bytes that came in many batches',
    async (size) => {
      const storage = open(somewhereIn(place))
      const bytes = randomBytes(size)
      const key = newKey()
      await storage.write(key, inBatches(bytes, 300_000))
      expect(await storage.size(key)).toBe(size)
      expect((await readAll(readBlocks(storage, key, whole(size), mebibyte))).equals(bytes)).toBe(true)
    },
  )

  it('asks once more for a small file only when its answer shows another checksum', async () => {
    const storage = open(somewhereIn(place))
    const callsOf = async () => {
      const before = double.calls.length
      await storage.write(newKey(), inBatches(randomBytes(1000), 1000))
      return double.calls.slice(before)
    }
    expect(await callsOf()).toEqual(['PutObject'])
    double.meddle('PutObject', otherChecksum, 1)
    expect(await callsOf()).toEqual(['PutObject', 'HeadObject'])
  })
})

describe('S3, when the server itself is at fault,', () => {
  let double: S3Double
  let storage: S3Storage
  beforeAll(async () => {
    double = await startOwnDouble()
    const place = await createS3BucketOn(placeOf(double, 'crc32'))
    storage = openS3(somewhereIn(place))
  })
  afterAll(async () => {
    await storage.close()
    await double.stop()
  })

  const small = randomBytes(5000)
  const large = randomBytes(11 * mebibyte)
  const write = (key: string, bytes: Buffer) => storage.write(key, inBatches(bytes, 400_000))
  const read = (key: string, bytes: Buffer) =>
    readAll(readBlocks(storage, key, whole(bytes.length), mebibyte))

  it.each<[OperationName, string, Meddling]>([
    ['PutObject', 'is done and told as a failure', failAfterwards('InternalError')],
    ['PutObject', 'is done and never answered', hangUpAfterwards],
    ['PutObject', 'is late', delay(300)],
    ['UploadPart', 'is done and told as a failure', failAfterwards('SlowDown')],
    ['CompleteMultipartUpload', 'is done and never answered', hangUpAfterwards],
    ['CompleteMultipartUpload', 'is done and fails in a 200', failInside200('InternalError', { done: true })],
    [
      'CompleteMultipartUpload',
      'is not done and fails in a 200',
      failInside200('InternalError', { done: false }),
    ],
    ['CompleteMultipartUpload', 'is answered by nothing', pretend({ status: 200, headers: {}, body: [] })],
  ])('writes every byte once although a %s %s', async (operation, _how, meddling) => {
    const bytes = operation === 'PutObject' ? small : large
    const key = newKey()
    double.meddle(operation, meddling, 1)
    await write(key, bytes)
    expect((await read(key, bytes)).equals(bytes)).toBe(true)
    await storage.delete(key)
    expect(await Array.fromAsync(storage.list())).toEqual([])
  })

  it('refuses a file whose completion was said to be done and was not', async () => {
    const done = answerXml('CompleteMultipartUploadResult', [['ETag', '"0-2"']])
    double.meddle('CompleteMultipartUpload', pretend(done), 1)
    const key = newKey()
    await expect(write(key, large)).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect(await Array.fromAsync(storage.list())).toEqual([{ key, finished: false }])
    await storage.delete(key)
  })

  it('aborts an upload again when the first abort left it there', async () => {
    const key = newKey()
    async function* broken() {
      yield* inBatches(large, 400_000)
      throw new Error('connection lost')
    }
    await expect(storage.write(key, broken())).rejects.toThrow('connection lost')
    const before = double.calls.length
    double.meddle('AbortMultipartUpload', pretend(answerEmpty(204)), 2)
    await storage.delete(key)
    expect(double.calls.slice(before).filter((call) => call === 'AbortMultipartUpload').length).toBe(3)
    expect(await Array.fromAsync(storage.list())).toEqual([])
  })

  it('hands on bytes that the server changed, for the checksums of the service to judge', async () => {
    const key = newKey()
    await write(key, small)
    double.meddle('GetObject', flipBit, 1)
    expect((await read(key, small)).equals(small)).toBe(false)
    expect((await read(key, small)).equals(small)).toBe(true)
  })

  it('signs by the clock of the server once that refuses its own', async () => {
    double.setClock(3_600_000)
    const key = newKey()
    await write(key, small)
    expect(await storage.size(key)).toBe(small.length)
    double.setClock(0)
    await storage.delete(key)
  })

  it.each([-3_600_000, 3_600_000])(
    'signs for others by its clock, too, when it differs by %i ms',
    async (milliseconds) => {
      double.setClock(milliseconds)
      const [key, staged, posted] = [newKey(), `staging/${newKey()}`, `staging/${newKey()}`]
      await write(key, small)
      const { direct } = storage
      if (!direct) throw new Error('S3 has no direct access')
      const read = { seconds: 600, mediaType: 'text/plain', disposition: 'attachment' }
      expect((await fetch((await direct.signRead(key, read)) ?? '')).status).toBe(200)
      const { url, headers } = await direct.signPut(staged, {
        seconds: 600,
        size: 5,
        mediaType: 'text/plain',
      })
      expect((await fetch(url, { method: 'PUT', headers, body: 'hello' })).status).toBe(200)
      const form = new FormData()
      const post = await direct.signPost(posted, { seconds: 600, size: 5 })
      for (const [name, value] of Object.entries(post.fields)) form.append(name, value)
      form.append('file', new Blob(['hello']))
      expect((await fetch(post.url, { method: 'POST', body: form })).status).toBe(201)
      const uploadId = await direct.beginParts(key)
      const part = await direct.signPart(key, uploadId, 1, 600)
      expect((await fetch(part.url, { method: 'PUT', body: 'hello' })).status).toBe(200)
      double.setClock(0)
      for (const each of [key, staged, posted]) await storage.delete(each)
    },
  )
})
