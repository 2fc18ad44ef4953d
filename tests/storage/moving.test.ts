import { randomBytes } from 'node:crypto'
import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { StorageKey } from '../../src/model/blob.ts'
import { createMovingStorage, type MovingStorage } from '../../src/storage/moving.ts'
import { readBlocks } from '../../src/storage/readBlocks.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { createVolumeStorage } from '../../src/storage/volume/volume.ts'
import { dataParent } from '../support/dataParent.ts'
import { openBelow } from '../support/volume.ts'
import { inBatches, newKey, readAll, storageContract, whole } from './storageContract.ts'

let directory: string
let opened: MovingStorage[]

beforeEach(async () => {
  directory = await mkdtemp(join(dataParent(), 'upfile-moving-'))
  opened = []
})
afterEach(async () => {
  await Promise.all(opened.map((storage) => storage.close()))
  expect(await openBelow(directory)).toEqual([])
  await rm(directory, { recursive: true, force: true })
})

async function open(root: string): Promise<MovingStorage> {
  const target = await createVolumeStorage(join(root, 'target'))
  const storage = createMovingStorage(target, await createVolumeStorage(join(root, 'source')))
  opened.push(storage)
  return storage
}

describe('a moving storage, of two volumes', () => {
  storageContract(async () => {
    const root = await mkdtemp(join(directory, 'contract-'))
    return { storage: await open(root), reopen: () => open(root) }
  })
})

describe('a moving storage', () => {
  let storage: MovingStorage
  beforeEach(async () => {
    storage = await open(directory)
  })

  const bytes = randomBytes(5000)
  const pathOf = (side: 'target' | 'source', key: StorageKey) => join(directory, side, 'blobs', key)
  const put = (place: Storage, key: StorageKey, what = bytes) => place.write(key, inBatches(what, 999))
  const read = (key: StorageKey) => readAll(readBlocks(storage, key, whole(5000), 1024))

  async function stored(...places: Storage[]): Promise<StorageKey> {
    const key = newKey()
    for (const place of places) await put(place, key)
    return key
  }

  it('writes to the target alone', async () => {
    const key = await stored(storage)
    expect([await storage.target.size(key), await storage.source.size(key)]).toEqual([5000, undefined])
  })

  it('reads and knows what is in the target, in the source, in both', async () => {
    const { target, source } = storage
    for (const places of [[target], [source], [target, source]]) {
      const key = await stored(...places)
      expect(await storage.size(key)).toBe(5000)
      expect((await read(key)).equals(bytes)).toBe(true)
      const part = await readAll(readBlocks(storage, key, { first: 100, last: 200 }, 7))
      expect(part.equals(bytes.subarray(100, 201))).toBe(true)
    }
  })

  it('reads the target when both have something, and never puts two of them together', async () => {
    const key = await stored(storage.source)
    const others = randomBytes(5000)
    await put(storage.target, key, others)
    expect((await read(key)).equals(others)).toBe(true)
    truncateSync(pathOf('target', key), 3000)
    await expect(read(key)).rejects.toMatchObject({ code: 'file-damaged' })
  })

  it('reads on from where the bytes were when they come to the target meanwhile', async () => {
    const key = await stored(storage.source)
    const blocks = readBlocks(storage, key, whole(5000), 1000)
    const first = Buffer.from((await blocks.next()).value ?? '')
    await put(storage.target, key)
    expect(Buffer.concat([first, await readAll(blocks)]).equals(bytes)).toBe(true)
  })

  it('deletes from both, also when they are in one', async () => {
    const { target, source } = storage
    for (const places of [[target], [source], [target, source]]) {
      const key = await stored(...places)
      await storage.delete(key)
      expect([await target.size(key), await source.size(key)]).toEqual([undefined, undefined])
    }
  })

  it('rejects a deletion unless both have done it', async () => {
    const key = await stored(storage.source)
    await storage.source.writeIdentity('11111111-2222-4333-8444-555555555555')
    writeFileSync(join(directory, 'source', '.volume-id'), 'another')
    await expect(storage.delete(key)).rejects.toMatchObject({ code: 'storage-unavailable' })
  })

  it('leaves nothing going on behind a check or a deletion that was rejected', async () => {
    const { promise: proceed, resolve } = Promise.withResolvers<void>()
    const late = { ...storage.target, close: async () => {}, check: () => proceed, delete: () => proceed }
    const gone = createMovingStorage(late, { ...(await createVolumeStorage(join(directory, 'gone'))) })
    await gone.source.writeIdentity('11111111-2222-4333-8444-555555555555')
    writeFileSync(join(directory, 'gone', '.volume-id'), 'another')
    let ended = 0
    const attempts = [gone.check(), gone.delete(newKey())].map((attempt) =>
      expect(attempt)
        .rejects.toMatchObject({ code: 'storage-unavailable' })
        .finally(() => {
          ended += 1
        }),
    )
    await expect(gone.source.readMark()).rejects.toThrow()
    expect(ended).toBe(0)
    resolve()
    await Promise.all(attempts)
    await gone.close()
  })

  it('lists each key once, whichever of them has it', async () => {
    const { target, source } = storage
    const keys = [await stored(target), await stored(source), await stored(target, source)]
    expect((await Array.fromAsync(storage.list())).map(({ key }) => key).sort()).toEqual(keys.sort())
    for (const key of keys) {
      const shard = await Array.fromAsync(storage.list(key.slice(0, 2)))
      expect(shard).toContainEqual({ key, finished: true })
    }
  })

  it('goes by the higher mark, and raises that of the target', async () => {
    await storage.source.writeMark(70)
    expect(await storage.readMark()).toBe(70)
    await storage.writeMark(71)
    expect([await storage.readMark(), await storage.target.readMark()]).toEqual([71, 71])
    expect(await storage.source.readMark()).toBe(70)
  })

  it.each(['target', 'source'] as const)('is not usable without its %s', async (side) => {
    await storage[side].writeIdentity('11111111-2222-4333-8444-555555555555')
    await storage.check()
    await rename(join(directory, side), join(directory, 'unmounted'))
    await expect(storage.check()).rejects.toMatchObject({ code: 'storage-unavailable' })
    await expect(read(newKey())).rejects.toMatchObject({ code: 'storage-unavailable' })
    await expect(storage.size(newKey())).rejects.toMatchObject({ code: 'storage-unavailable' })
  })

  it('needs no right to write to its source', async () => {
    const key = await stored(storage.source)
    rmSync(join(directory, 'source', 'tmp'), { recursive: true })
    await storage.check()
    await stored(storage)
    expect((await read(key)).equals(bytes)).toBe(true)
  })
})
