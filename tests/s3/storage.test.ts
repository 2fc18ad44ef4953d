import { createHash, randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { readBlocks } from '../../src/storage/readBlocks.ts'
import type { S3Location } from '../../src/storage/s3/client.ts'
import type { S3Storage, S3StorageOptions } from '../../src/storage/s3/s3.ts'
import { inBatches, newKey, readAll, storageContract, whole } from '../storage/storageContract.ts'
import { openS3 } from '../support/openS3.ts'
import { createS3Bucket, listBelow, somewhereIn } from '../support/s3.ts'

let place: S3Location
const opened: S3Storage[] = []
beforeAll(async () => {
  place = await createS3Bucket()
})
afterAll(() => Promise.all(opened.map((storage) => storage.close())))

function open(options: S3StorageOptions): S3Storage {
  const storage = openS3(options)
  opened.push(storage)
  return storage
}

describe('S3', () => {
  storageContract(async () => {
    const options = somewhereIn(place)
    return { storage: open(options), reopen: async () => open(options) }
  })
})

describe('S3, for several processes', () => {
  it('keeps the highest mark when many write at once', async () => {
    const options = somewhereIn(place)
    const marks = Array.from({ length: 12 }, (_, index) => ((index * 5) % 12) + 1)
    await Promise.all(marks.map((mark) => open(options).writeMark(mark)))
    expect(await open(options).readMark()).toBe(12)
  })

  it('is tried out by many at once, and keeps no more of it than of one', async () => {
    const options = somewhereIn(place)
    await Promise.all(Array.from({ length: 8 }, () => open(options).check()))
    expect((await listBelow(options)).objects).toEqual([`${options.prefix}.check`])
  })
})

const mebibyte = 2 ** 20

describe('S3, for large files', () => {
  it.each([5 * mebibyte - 1, 5 * mebibyte, 5 * mebibyte + 1, 23_456_789])(
    'gives back %d bytes that came in many batches',
    async (size) => {
      const storage = open(somewhereIn(place))
      const bytes = randomBytes(size)
      const key = newKey()
      await storage.write(key, inBatches(bytes, 300_000))
      expect(await storage.size(key)).toBe(size)
      const read = await readAll(readBlocks(storage, key, whole(size), mebibyte))
      expect(createHash('sha256').update(read).digest()).toEqual(createHash('sha256').update(bytes).digest())
    },
  )

  it('shows an upload in parts that broke off, and removes it', async () => {
    const storage = open(somewhereIn(place))
    const key = newKey('7f')
    async function* broken() {
      yield* inBatches(randomBytes(12 * mebibyte), 500_000)
      throw new Error('connection lost')
    }
    await expect(storage.write(key, broken())).rejects.toThrow('connection lost')
    expect(await Array.fromAsync(storage.list('7f'))).toEqual([{ key, finished: false }])
    await storage.delete(key)
    expect(await Array.fromAsync(storage.list('7f'))).toEqual([])
  })
})

describe('A prefix of names in S3', () => {
  it('may have any character', async () => {
    const storage = open({ ...somewhereIn(place), prefix: `${newKey()} é+&?#%25'(*)!~:=@$,;[]/` })
    const bytes = randomBytes(1000)
    const key = newKey()
    await storage.write(key, inBatches(bytes, 400))
    expect((await readAll(readBlocks(storage, key, whole(bytes.length), mebibyte))).equals(bytes)).toBe(true)
    expect(await Array.fromAsync(storage.list())).toEqual([{ key, finished: true }])
  })
})

describe('A clock that is an hour fast', () => {
  afterEach(() => void jest.restoreAllMocks())

  it('is set by that of S3 before a small file is written', async () => {
    const storage = open(somewhereIn(place))
    const { now } = Date
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000)
    const key = newKey()
    await storage.write(key, inBatches(randomBytes(1000), 400))
    expect(await storage.size(key)).toBe(1000)
  })
})
