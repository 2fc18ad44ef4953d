import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type ByteRange, headBytes, type StorageKey } from '../../src/model/blob.ts'
import { readBlocks } from '../../src/storage/readBlocks.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { assertProperty } from '../support/property.ts'

/** A storage under test, and the facts beyond the interface that tests need. */
export interface StorageUnderTest {
  readonly storage: Storage
  /** The same storage as another process would see it. */
  reopen(): Promise<Storage>
}

export const newKey = (shard = randomBytes(1).toString('hex')): StorageKey =>
  `${shard}/${randomBytes(16).toString('hex')}`

export const newStagingKey = (shard?: string): StorageKey => `staging/${newKey(shard)}`

/** The bytes as an upload brings them: in batches of buffers, now and then late. */
export async function* inBatches(bytes: Buffer, batchBytes: number): AsyncGenerator<readonly Buffer[]> {
  for (let at = 0; at < bytes.length; at += batchBytes) {
    const batch = bytes.subarray(at, at + batchBytes)
    const middle = batch.length >> 1
    if (at % 3 === 1) await sleep(0)
    yield [batch.subarray(0, middle), batch.subarray(middle)]
  }
}

/** Yields n batches; then the connection is lost. */
async function* brokenOff(batches: number): AsyncGenerator<readonly Buffer[]> {
  for (let batch = 0; batch < batches; batch++) yield [randomBytes(1000)]
  throw new Error('connection lost')
}

export const whole = (size: number) => ({ first: 0, last: size - 1 })

/** Copies of the blocks: each is overwritten once the next one is asked for. */
export const collect = (blocks: AsyncIterable<Buffer>): Promise<Buffer[]> =>
  Array.fromAsync(blocks, (block) => Buffer.from(block))

export const readAll = async (blocks: AsyncIterable<Buffer>): Promise<Buffer> =>
  Buffer.concat(await collect(blocks))

const listAll = (storage: Storage) => Array.fromAsync(storage.list())

/** Bytes as they are written, and the part of them that is read. */
interface Reading {
  readonly bytes: Buffer
  readonly range: ByteRange
  readonly batchBytes: number
  readonly blockBytes: number
}

/** The operations on keys of a shard; `pick` chooses the key to delete. */
interface Step {
  readonly shard: string
  readonly kind: 'write' | 'break off' | 'delete'
  readonly pick: number
}

/** What every storage must do. Each driver's test calls this with its own factory. */
export function storageContract(createStorage: () => Promise<StorageUnderTest>): void {
  let storage: Storage
  let reopen: () => Promise<Storage>

  beforeEach(async () => {
    const created = await createStorage()
    storage = created.storage
    reopen = created.reopen
  })

  async function stored(bytes: Buffer, batchBytes = 1000): Promise<StorageKey> {
    const key = newKey()
    await storage.write(key, inBatches(bytes, batchBytes))
    return key
  }

  async function expectNothingUnder(key: StorageKey) {
    expect(await storage.size(key)).toBeUndefined()
    await expect(readAll(readBlocks(storage, key, whole(1), 1024))).rejects.toMatchObject({
      code: 'file-not-found',
    })
    const listed = await Array.fromAsync(storage.list(key.slice(0, 2)))
    expect(listed).not.toContainEqual({ key, finished: true })
  }

  describe('write and read', () => {
    it.each([0, 1, 2, 4095, 4096, 4097, 1_000_000])('give back %d bytes as they came', async (size) => {
      const bytes = randomBytes(size)
      const key = await stored(bytes, 65_536)
      expect(await storage.size(key)).toBe(size)
      const again = await reopen()
      expect(await again.size(key)).toBe(size)
      if (size > 0)
        expect((await readAll(readBlocks(again, key, whole(size), 4096))).equals(bytes)).toBe(true)
    })

    it.each([0, 1, 4096, headBytes])('give back %d bytes that were put as a whole', async (size) => {
      const bytes = randomBytes(size)
      const key = newKey()
      await storage.put(key, bytes)
      expect(await storage.size(key)).toBe(size)
      if (size > 0)
        expect((await readAll(readBlocks(storage, key, whole(size), 4096))).equals(bytes)).toBe(true)
    })

    it('give back any range of any bytes in blocks of any size', async () => {
      const cases = fc
        .record({
          bytes: fc.uint8Array({ minLength: 1, maxLength: 5000 }),
          batchBytes: fc.integer({ min: 1, max: 6000 }),
          blockBytes: fc.integer({ min: 1, max: 6000 }),
          ends: fc.tuple(fc.nat(), fc.nat()),
        })
        .map(({ bytes, ends, ...sizes }) => {
          const [first = 0, last = 0] = ends.map((end) => end % bytes.length).sort((a, b) => a - b)
          return { bytes: Buffer.from(bytes), range: { first, last }, ...sizes }
        })
      const check = async ({ bytes, batchBytes, blockBytes, range }: Reading) => {
        const key = await stored(bytes, batchBytes)
        const blocks = await collect(readBlocks(storage, key, range, blockBytes))
        const wanted = bytes.subarray(range.first, range.last + 1)
        expect(Buffer.concat(blocks).equals(wanted)).toBe(true)
        expect(blocks.slice(0, -1).every((block) => block.length === blockBytes)).toBe(true)
        expect(blocks.at(-1)?.length).toBe(((wanted.length - 1) % blockBytes) + 1)
      }
      await assertProperty(cases, check, { numRuns: 60, seconds: 5 })
    })

    it('keep many at once apart, in one shard as in many', async () => {
      const files = Array.from({ length: 60 }, (_, index) => ({
        key: newKey(index % 2 === 0 ? 'ab' : undefined),
        bytes: randomBytes(1 + index * 400),
      }))
      await Promise.all(files.map(({ key, bytes }) => storage.write(key, inBatches(bytes, 5000))))
      for (const { key, bytes } of files) {
        const read = await readAll(readBlocks(storage, key, whole(bytes.length), 1 << 20))
        expect(read.equals(bytes)).toBe(true)
      }
    })
  })

  describe('read', () => {
    it('finds nothing under a key that was never written', () => expectNothingUnder(newKey()))

    it('never passes fewer bytes off as a whole range', async () => {
      const key = await stored(randomBytes(100))
      await expect(readAll(readBlocks(storage, key, { first: 50, last: 100 }, 10))).rejects.toMatchObject({
        code: 'file-damaged',
      })
    })

    it('may be left early, as often as clients hang up', async () => {
      const key = await stored(randomBytes(10_000))
      for (let time = 0; time < 50; time++) {
        for await (const block of readBlocks(storage, key, whole(10_000), 1000)) {
          expect(block.length).toBe(1000)
          break
        }
      }
      expect((await readAll(readBlocks(storage, key, whole(10_000), 1000))).length).toBe(10_000)
    })
  })

  describe('a write that fails', () => {
    it.each([0, 1, 2, 50])(
      'after %d batches rejects with its reason and is not readable',
      async (batches) => {
        const key = newKey()
        await expect(storage.write(key, brokenOff(batches))).rejects.toThrow('connection lost')
        await expectNothingUnder(key)
        await storage.delete(key)
        expect(await Array.fromAsync(storage.list(key.slice(0, 2)))).toEqual([])
      },
    )

    it('takes nothing with it of those beside it', async () => {
      const bytes = randomBytes(5000)
      const [good, bad] = [newKey('cd'), newKey('cd')]
      const broken = storage.write(bad, brokenOff(3))
      await Promise.all([storage.write(good, inBatches(bytes, 700)), expect(broken).rejects.toThrow()])
      expect((await readAll(readBlocks(storage, good, whole(5000), 5000))).equals(bytes)).toBe(true)
      await expectNothingUnder(bad)
    })

    it('is not readable while it goes on', async () => {
      const key = newKey()
      const { promise: proceed, resolve } = Promise.withResolvers<void>()
      async function* slow() {
        yield [randomBytes(10)]
        yield [randomBytes(10)]
        await proceed
        yield [randomBytes(10)]
      }
      const writing = storage.write(key, slow())
      await sleep(50)
      await expectNothingUnder(key)
      resolve()
      await writing
      expect(await storage.size(key)).toBe(30)
    })
  })

  describe('a key', () => {
    it('keeps its bytes when somebody writes under it again', async () => {
      const bytes = randomBytes(3000)
      const key = await stored(bytes)
      for (const batchBytes of [500, 5000]) {
        await expect(storage.write(key, inBatches(randomBytes(3000), batchBytes))).rejects.toMatchObject({
          code: 'storage-unavailable',
        })
        expect((await readAll(readBlocks(storage, key, whole(3000), 4000))).equals(bytes)).toBe(true)
      }
    })

    it('has the bytes of the one who was told so when two write under it at once', async () => {
      for (const batchBytes of [500, 5000]) {
        const key = newKey()
        const rivals = [randomBytes(3000), randomBytes(3000)]
        const writes = rivals.map((bytes) => storage.write(key, inBatches(bytes, batchBytes)))
        const outcomes = await Promise.allSettled(writes)
        const winners = rivals.filter((_bytes, index) => outcomes[index]?.status === 'fulfilled')
        expect(winners.length).toBe(1)
        const read = await readAll(readBlocks(storage, key, whole(3000), 4000))
        expect(read.equals(winners[0] ?? Buffer.alloc(0))).toBe(true)
      }
    })
  })

  describe('compose', () => {
    const mebibyte = 2 ** 20

    async function composed(parts: readonly StorageKey[]): Promise<Buffer> {
      const key = newKey()
      await storage.compose(key, parts)
      const again = await reopen()
      const size = (await again.size(key)) ?? -1
      return size === 0 ? Buffer.alloc(0) : await readAll(readBlocks(again, key, whole(size), mebibyte))
    }

    it('makes one of parts of any size in any order, which stay as they are', async () => {
      const sizes = [0, 1, 5 * mebibyte - 1, 5 * mebibyte]
      const parts = new Map<number, { key: StorageKey; bytes: Buffer }>()
      for (const size of sizes) {
        const bytes = randomBytes(size)
        parts.set(size, { key: await stored(bytes, mebibyte), bytes })
      }
      const cases = fc.array(fc.constantFrom(...parts.values()), { maxLength: 5 })
      const check = async (chosen: readonly { key: StorageKey; bytes: Buffer }[]) => {
        const bytes = await composed(chosen.map(({ key }) => key))
        expect(bytes.equals(Buffer.concat(chosen.map((part) => part.bytes)))).toBe(true)
      }
      const all = [...parts.values()]
      await assertProperty(cases, check, { numRuns: 8, seconds: 20, examples: [[], all, all.toReversed()] })
      for (const { key, bytes } of all) expect(await storage.size(key)).toBe(bytes.length)
    })

    it('makes of one part, of none and of empty ones what they are', async () => {
      const [bytes, part, empty] = [randomBytes(3000), newStagingKey(), newKey()]
      await storage.write(part, inBatches(bytes, 1000))
      await storage.write(empty, inBatches(Buffer.alloc(0), 1000))
      expect((await composed([part])).equals(bytes)).toBe(true)
      expect(await composed([])).toEqual(Buffer.alloc(0))
      expect(await composed([empty, empty])).toEqual(Buffer.alloc(0))
      expect((await composed([empty, part, empty])).equals(bytes)).toBe(true)
    })

    it.each([0, 1, 2])('leaves nothing when part %d is missing', async (missing) => {
      const parts = await Promise.all([1, 2, 3].map((size) => stored(randomBytes(size * 1000))))
      const before = await listAll(storage)
      const key = newKey()
      await expect(storage.compose(key, parts.with(missing, newKey()))).rejects.toMatchObject({
        code: 'file-not-found',
      })
      await expectNothingUnder(key)
      expect((await listAll(storage)).map((found) => JSON.stringify(found)).sort()).toEqual(
        before.map((found) => JSON.stringify(found)).sort(),
      )
    })

    it('writes no key a second time', async () => {
      const [part, key] = [await stored(randomBytes(10)), await stored(randomBytes(20))]
      for (const parts of [[part], [part, part]])
        await expect(storage.compose(key, parts)).rejects.toMatchObject({ code: 'storage-unavailable' })
      expect(await storage.size(key)).toBe(20)
    })
  })

  describe('a staging key', () => {
    it('is written, read, listed and deleted as any other, and is another than the one without', async () => {
      const key = newKey('5a')
      const staging = `staging/${key}`
      const bytes = [randomBytes(10), randomBytes(5000)]
      await storage.write(key, inBatches(bytes[0] ?? Buffer.alloc(0), 100))
      await storage.write(staging, inBatches(bytes[1] ?? Buffer.alloc(0), 100))
      expect(await Promise.all([key, staging].map((each) => storage.size(each)))).toEqual([10, 5000])
      expect(await readAll(readBlocks(storage, staging, whole(5000), 1000))).toEqual(bytes[1])
      for (const listed of [storage.list(), storage.list('5a')])
        expect((await Array.fromAsync(listed)).map((found) => found.key).sort()).toEqual([key, staging])
      expect(await Array.fromAsync(storage.list('5b'))).toEqual([])
      await storage.delete(staging)
      expect(await Array.fromAsync(storage.list('5a'))).toEqual([{ key, finished: true }])
    })

    it('is listed and deleted while it is unfinished', async () => {
      const key = newStagingKey('5a')
      await expect(storage.write(key, brokenOff(50))).rejects.toThrow('connection lost')
      for await (const found of storage.list('5a')) expect(found).toEqual({ key, finished: false })
      await storage.delete(key)
      expect(await listAll(storage)).toEqual([])
    })
  })

  describe('delete', () => {
    it('removes the bytes, for every process, and does nothing the second time', async () => {
      const key = await stored(randomBytes(10))
      await storage.delete(key)
      await expectNothingUnder(key)
      await storage.delete(key)
      await storage.delete(newKey())
      expect(await (await reopen()).size(key)).toBeUndefined()
    })

    it('removes nothing else', async () => {
      const keys = await Promise.all([1, 2, 3].map(() => stored(randomBytes(10))))
      await storage.delete(keys[1] ?? '')
      expect((await listAll(storage)).map(({ key }) => key).sort()).toEqual([keys[0], keys[2]].sort())
    })
  })

  describe('list', () => {
    it('shows what was written and not deleted, whatever was done in whichever order', async () => {
      const steps = fc.array(
        fc.record({
          shard: fc.constantFrom('00', '7f', 'ff'),
          kind: fc.constantFrom('write', 'write', 'break off', 'delete'),
          pick: fc.nat(),
        }),
        { maxLength: 25 },
      )
      const check = async (walk: readonly Step[]) => {
        const created = await createStorage()
        storage = created.storage
        const there: StorageKey[] = []
        const halves: StorageKey[] = []
        for (const { shard, kind, pick } of walk) {
          const key = newKey(shard)
          if (kind === 'write') {
            await storage.write(key, inBatches(randomBytes(20), 7))
            there.push(key)
          } else if (kind === 'break off') {
            await storage.write(key, brokenOff(2)).catch(() => {})
            halves.push(key)
          } else {
            const [gone] = there.splice(pick % Math.max(there.length, 1), 1)
            if (gone !== undefined) await storage.delete(gone)
          }
        }
        const listed = await listAll(created.storage)
        const inShard = await Array.fromAsync(created.storage.list('7f'))
        expect(inShard.map(({ key }) => key).sort()).toEqual(
          listed
            .map(({ key }) => key)
            .filter((key) => key.startsWith('7f'))
            .sort(),
        )
        const finished = listed.filter((found) => found.finished).map(({ key }) => key)
        expect(finished.sort()).toEqual(there.sort())
        for (const { key, finished: whole } of listed) if (!whole) expect(halves).toContain(key)
      }
      await assertProperty(steps, check, { numRuns: 15, seconds: 6 })
    })
  })

  describe('the rest', () => {
    it('check leaves nothing behind', async () => {
      await Promise.all([storage.check(), storage.check()])
      expect(await listAll(storage)).toEqual([])
    })

    it('freeBytes is a number of bytes', async () => {
      expect(await storage.freeBytes()).toBeGreaterThan(0)
    })

    it('an identity is kept for every process', async () => {
      expect(await storage.readIdentity()).toBeUndefined()
      await storage.writeIdentity('11111111-2222-4333-8444-555555555555')
      await storage.check()
      expect(await (await reopen()).readIdentity()).toBe('11111111-2222-4333-8444-555555555555')
    })

    it('a mark begins at 0 and is kept for every process', async () => {
      expect(await storage.readMark()).toBe(0)
      await storage.writeMark(12_345)
      await storage.writeMark(12_346)
      expect(await storage.readMark()).toBe(12_346)
      expect(await (await reopen()).readMark()).toBe(12_346)
    })

    it('a mark is never lowered, whoever writes it', async () => {
      const highest = Number.MAX_SAFE_INTEGER
      await storage.writeMark(highest)
      await (await reopen()).writeMark(12)
      await storage.writeMark(13)
      expect(await storage.readMark()).toBe(highest)
    })
  })
}
