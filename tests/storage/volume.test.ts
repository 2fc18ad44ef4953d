import { execFileSync } from 'node:child_process'
import { randomBytes, randomFillSync } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, readdir, readFile, rename, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { StorageKey } from '../../src/model/blob.ts'
import { createUploadBlocks } from '../../src/runtime/uploadBlocks.ts'
import { readBlocks } from '../../src/storage/readBlocks.ts'
import { openToRead } from '../../src/storage/volume/reads.ts'
import { createVolumeStorage, type VolumeStorage } from '../../src/storage/volume/volume.ts'
import { assertProperty } from '../support/property.ts'
import { inBatches, newKey, readAll, storageContract, whole } from './storageContract.ts'

let directory: string
let opened: VolumeStorage[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'upfile-volume-'))
  opened = []
})

afterEach(async () => {
  await Promise.all(opened.map((storage) => storage.close()))
  await rm(directory, { recursive: true, force: true })
})

async function open(root: string): Promise<VolumeStorage> {
  const storage = await createVolumeStorage(root)
  opened.push(storage)
  return storage
}

describe('volume', () => {
  storageContract(async () => {
    const root = await mkdtemp(join(directory, 'contract-'))
    return { storage: await open(root), reopen: () => open(root) }
  })
})

describe('volume, on its file system', () => {
  let root: string
  let storage: VolumeStorage

  beforeEach(async () => {
    root = join(directory, 'volume')
    storage = await open(root)
  })

  const pathOf = (key: StorageKey) => join(root, 'blobs', key)
  const read = (key: StorageKey, size: number) => readAll(readBlocks(storage, key, whole(size), 1 << 20))

  async function stored(bytes: Buffer): Promise<StorageKey> {
    const key = newKey()
    await storage.write(key, inBatches(bytes, 1000))
    return key
  }

  it('keeps each blob in one file that only its owner reads, named by the key', async () => {
    const bytes = randomBytes(5000)
    const key = await stored(bytes)
    expect((await readFile(pathOf(key))).equals(bytes)).toBe(true)
    expect(statSync(pathOf(key)).mode & 0o777).toBe(0o600)
    expect(statSync(root).mode & 0o777).toBe(0o700)
    expect(await readdir(join(root, 'tmp'))).toEqual([])
  })

  it('lets a reader finish what is deleted meanwhile', async () => {
    const bytes = randomBytes(10_000)
    const key = await stored(bytes)
    const blocks = readBlocks(storage, key, whole(bytes.length), 1000)
    const { value: first = Buffer.alloc(0) } = await blocks.next()
    expect(first.equals(bytes.subarray(0, 1000))).toBe(true)
    await storage.delete(key)
    expect((await readAll(blocks)).equals(bytes.subarray(1000))).toBe(true)
  })

  it('keeps no file open, whatever its readers and writers do', async () => {
    const key = await stored(randomBytes(10_000))
    const openFiles = () => {
      const folder = `/proc/${process.pid}/fd`
      // Descriptors of others, as of this folder itself, may be closed between the two calls.
      const links = readdirSync(folder).map((name) => {
        try {
          return readlinkSync(join(folder, name))
        } catch {
          return ''
        }
      })
      return links.filter((path) => path.includes(root) && /[0-9a-f]{32}/.test(path))
    }
    for await (const _block of readBlocks(storage, key, whole(10_000), 1000)) break
    await expect(read(key, 20_000)).rejects.toThrow()
    await expect(storage.write(newKey(), failing())).rejects.toThrow('connection lost')
    expect(openFiles()).toEqual([])
  })

  async function* failing() {
    yield [randomBytes(10)]
    yield [randomBytes(10)]
    throw new Error('connection lost')
  }

  it.each([
    ['fewer bytes', (path: string) => truncateSync(path, 99)],
    ['no bytes', (path: string) => truncateSync(path, 0)],
  ])('calls a blob of which %s are left damaged', async (_case, damage) => {
    const key = await stored(randomBytes(100))
    damage(pathOf(key))
    await expect(read(key, 100)).rejects.toMatchObject({ code: 'file-damaged' })
  })

  it.each([
    ['a symlink to a file', (path: string, secret: string) => symlinkSync(secret, path)],
    ['a symlink to nothing', (path: string) => symlinkSync('/nonexistent', path)],
    ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
    ['a directory', (path: string) => mkdirSync(path)],
  ])('follows nothing when %s is planted where a blob should be', async (_case, plant) => {
    const secret = join(directory, 'secret')
    writeFileSync(secret, 'x'.repeat(100))
    const key = newKey()
    plant(pathOf(key), secret)
    await expect(read(key, 100)).rejects.toMatchObject({ code: 'file-damaged' })
    expect(await storage.size(key)).toBeUndefined()
    const before = statSync(secret)
    await storage.write(key, inBatches(randomBytes(10), 5)).catch(() => {})
    await storage.delete(key).catch(() => {})
    expect(statSync(secret)).toEqual(before)
  })

  it('says the same of a small file on the event loop and in the thread pool', async () => {
    const disk = { time: <Result>(work: () => Result) => work() }
    const secret = join(directory, 'secret')
    writeFileSync(secret, 'x'.repeat(100))
    const plants: ((path: string) => void)[] = [
      (path) => writeFileSync(path, 'x'.repeat(100)),
      (path) => writeFileSync(path, 'x'.repeat(101)),
      (path) => writeFileSync(path, 'x'.repeat(99)),
      (path) => symlinkSync(secret, path),
      (path) => execFileSync('mkfifo', [path]),
      (path) => mkdirSync(path),
      () => {},
    ]
    const outcomes = plants.map(async (plant) => {
      const path = pathOf(newKey())
      plant(path)
      const ways = [true, false].map(async (quick) => {
        const reader = await openToRead(path, whole(100), { ...disk, isQuick: () => quick })
        const buffer = Buffer.alloc(100)
        await reader.read(0, buffer).finally(reader.close)
        await expect(reader.read(0, buffer)).rejects.toMatchObject({ code: 'storage-unavailable' })
        return buffer.toString()
      })
      const [onLoop, inPool] = await Promise.all(ways.map((way) => way.catch(({ code }) => code)))
      expect(onLoop).toBe(inPool)
      return onLoop
    })
    const [served, damaged] = ['x'.repeat(100), 'file-damaged']
    expect(await Promise.all(outcomes)).toEqual([
      ...[served, served, damaged, damaged, damaged, damaged],
      'file-not-found',
    ])
  })

  it('writes through no symlink that is planted where its unfinished bytes go', async () => {
    const secret = join(directory, 'secret')
    writeFileSync(secret, 'untouched')
    for (const batchBytes of [5, 50]) {
      const key = newKey()
      symlinkSync(secret, join(root, 'tmp', key.replace('/', '')))
      await expect(storage.write(key, inBatches(randomBytes(10), batchBytes))).rejects.toMatchObject({
        code: 'storage-unavailable',
      })
    }
    expect(await readFile(secret, 'utf8')).toBe('untouched')
  })

  it.each(['tmp', 'blobs', 'blobs/7f'])('refuses to begin when %s is a symlink', async (name) => {
    await rm(join(root, name), { recursive: true })
    symlinkSync(directory, join(root, name))
    await expect(createVolumeStorage(root)).rejects.toThrow(`${join(root, name)} is not a directory`)
  })

  it('leaves files of others alone, and does not call them its own', async () => {
    writeFileSync(join(root, 'README'), 'ours')
    writeFileSync(join(root, 'tmp', 'notes.txt'), 'ours')
    writeFileSync(join(root, 'blobs', '7f', 'notes.txt'), 'ours')
    expect(await Array.fromAsync(storage.list())).toEqual([])
    expect(await Array.fromAsync(storage.list('7f'))).toEqual([])
    expect(await readFile(join(root, 'tmp', 'notes.txt'), 'utf8')).toBe('ours')
  })

  it('takes and gives nothing once another volume is where it was', async () => {
    await storage.writeIdentity('11111111-2222-4333-8444-555555555555')
    const key = await stored(randomBytes(10))
    await rename(root, `${root}-unmounted`)
    await (await open(root)).writeIdentity('99999999-2222-4333-8444-555555555555')

    const refusal = { code: 'storage-unavailable' }
    await expect(storage.check()).rejects.toMatchObject(refusal)
    for (const batchBytes of [5, 50]) {
      await expect(storage.write(newKey(), inBatches(randomBytes(10), batchBytes))).rejects.toMatchObject(
        refusal,
      )
    }
    await expect(storage.delete(key)).rejects.toMatchObject(refusal)
    await expect(read(key, 10)).rejects.toMatchObject(refusal)
    expect(readdirSync(join(root, 'blobs'), { recursive: true }).filter((name) => name.length > 2)).toEqual(
      [],
    )

    await rm(root, { recursive: true })
    await rename(`${root}-unmounted`, root)
    await storage.check()
    expect((await read(key, 10)).length).toBe(10)
    await stored(randomBytes(10))
  })

  it('takes nothing while no volume is mounted', async () => {
    await storage.writeIdentity('11111111-2222-4333-8444-555555555555')
    await rename(root, `${root}-unmounted`)
    await expect(storage.write(newKey(), inBatches(randomBytes(10), 50))).rejects.toMatchObject({
      code: 'storage-unavailable',
    })
    await expect(storage.check()).rejects.toMatchObject({ code: 'storage-unavailable' })
    await rename(`${root}-unmounted`, root)
    await stored(randomBytes(10))
  })

  /** The bytes in blocks of shared memory that are filled anew as soon as the storage may not need them any more. */
  async function* inBlocks(bytes: Buffer, blockBytes: number) {
    const { blocks, release } = createUploadBlocks().lend()
    for (let at = 0, index = 0; at < bytes.length; at += blockBytes, index++) {
      const block = blocks[index % 2] ?? Buffer.alloc(0)
      yield [block.subarray(0, bytes.copy(block, 0, at, at + blockBytes))]
    }
    release()
  }

  it.each([
    ['whole blocks', 3 * 2 ** 20, 2 ** 20],
    ['blocks and a rest of pages', 2 ** 20 + 3 * 4096, 2 ** 20],
    ['blocks and a rest of any size', 2 ** 20 + 100_001, 2 ** 20],
    ['pages that are not all of a block', 20 * 4096, 4096],
    ['blocks that begin at no page of the file', 700_000, 10_001],
  ])('writes %s of shared memory as they are', async (_case, size, blockBytes) => {
    const bytes = randomBytes(size)
    const key = newKey()
    await storage.write(key, inBlocks(bytes, blockBytes))
    expect((await readFile(pathOf(key))).equals(bytes)).toBe(true)
  })

  it('writes a file of one block as it is, whatever its length, and nothing of what lay in the block before', async () => {
    const { blocks, release } = createUploadBlocks().lend()
    const [block = Buffer.alloc(0)] = blocks
    block.fill('x')
    const lengths = fc.oneof(
      fc.integer({ min: 1, max: block.length }),
      fc
        .tuple(fc.integer({ min: 1, max: 256 }), fc.integer({ min: -1, max: 1 }))
        .map(([pages, more]) => pages * 4096 + more),
    )
    await assertProperty(
      lengths.filter((length) => length <= block.length),
      async (length) => {
        const bytes = block.subarray(0, length)
        randomFillSync(bytes)
        const key = newKey()
        await storage.write(key, inBlock(bytes))
        expect((await readFile(pathOf(key))).equals(bytes)).toBe(true)
      },
      { numRuns: 60, seconds: 5, examples: [1, 4095, 4096, 4097, block.length - 1, block.length] },
    )
    release()
  })

  async function* inBlock(block: Buffer) {
    yield [block]
  }

  it('leaves the reserve free, and keeps nothing of what does not fit', async () => {
    const { bavail, bsize } = await statfs(root)
    const tight = await createVolumeStorage(root, { reservedFreeBytes: bavail * bsize * 2 })
    opened.push(tight)
    expect(await tight.freeBytes()).toBeLessThan(0)
    const key = newKey()
    const writing = tight.write(key, inBatches(randomBytes(1000), 100))
    await expect(writing).rejects.toMatchObject({ code: 'storage-full' })
    expect(await tight.size(key)).toBeUndefined()
    await stored(randomBytes(1000))
  })

  it('is not confused by what a kill left of small files, and removes it when it is old', async () => {
    await storage.writeMark(7)
    const left = [
      '.hwm.0123456789abcdef',
      '.volume-id.0123456789abcdef',
      'tmp/check-01234567-89ab-4def-8123-456789abcdef',
      'tmp/check-01234567-89ab-4def-8123-456789abcdef.0123456789abcdef',
    ].map((name) => join(root, name))
    for (const path of left) writeFileSync(path, '99')
    const again = await open(root)
    expect(await again.readMark()).toBe(7)
    expect(left.map((path) => existsSync(path))).toEqual(left.map(() => true))

    const yesterday = Date.now() / 1000 - 86_400
    for (const path of left) utimesSync(path, yesterday, yesterday)
    expect(await (await open(root)).readMark()).toBe(7)
    expect(left.map((path) => existsSync(path))).toEqual(left.map(() => false))
  })
})
