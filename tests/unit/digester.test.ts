import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { afterAll, describe, expect, it } from '@jest/globals'
import { createDigester } from '../../src/digests/digester.ts'
import { createDigestThreads } from '../../src/digests/digestThreads.ts'
import { createUploadBlocks } from '../../src/runtime/uploadBlocks.ts'

describe('The digester of a file', () => {
  const digestThreads = createDigestThreads()
  afterAll(() => digestThreads.close())

  async function* inChunks(bytes: Buffer, chunkBytes: number) {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }

  it.each([
    ['with a thread', digestThreads],
    ['where no thread can be started', { ...digestThreads, open: () => undefined }],
  ])('passes the bytes on in blocks, and digests them %s', async (_case, threads) => {
    const bytes = randomBytes(7 * 2 ** 20 + 4321)
    const digester = createDigester(
      { sha512: true },
      { digestThreads: threads, uploadBlocks: createUploadBlocks() },
    )
    const passed: Buffer[] = []
    for await (const batch of digester.batches(inChunks(bytes, 65_000)))
      passed.push(...batch.map((block) => Buffer.from(block)))
    const { digests, size, blockCrc32, head } = await digester.finish()
    digester.close()
    const digest = (name: string) => createHash(name).update(bytes).digest('hex')
    expect(Buffer.concat(passed).equals(bytes)).toBe(true)
    expect(passed.slice(0, -1).every(({ length }) => length === 2 ** 20)).toBe(true)
    for (const name of ['sha256', 'sha1', 'md5', 'sha512'] as const)
      expect(digests[name]?.toString('hex')).toBe(digest(name))
    expect(size).toBe(bytes.length)
    expect(head.equals(bytes.subarray(0, 65_536))).toBe(true)
    expect(blockCrc32.length).toBe(8 * 4)
    expect(blockCrc32.readUInt32BE(7 * 4)).toBe(crc32(bytes.subarray(7 * 2 ** 20)))
  })

  it.each([
    ['no bytes', 0],
    ['what is in memory as a whole', 65_536],
    ['one step', 256 * 1024],
    ['more than one step', 256 * 1024 + 1],
    ['one block', 2 ** 20],
    ['a byte more than one block', 2 ** 20 + 1],
    ['whole blocks', 3 * 2 ** 20],
  ])('digests %s, and passes a file of one block on as one batch', async (_case, size) => {
    const bytes = randomBytes(size)
    const digester = createDigester({ sha512: true }, { digestThreads, uploadBlocks: createUploadBlocks() })
    const batches: Buffer[][] = []
    for await (const batch of digester.batches(inChunks(bytes, 65_000)))
      batches.push(batch.map((block) => Buffer.from(block)))
    const { digests } = await digester.finish()
    digester.close()
    for (const name of ['sha256', 'sha1', 'md5', 'sha512'] as const)
      expect(digests[name]?.toString('hex')).toBe(createHash(name).update(bytes).digest('hex'))
    expect(Buffer.concat(batches.flat()).equals(bytes)).toBe(true)
    expect(batches).toHaveLength(Math.ceil(size / 2 ** 20))
  })

  it.each([0, 100_000])(
    'that was given up after %d bytes writes nothing into blocks that others have',
    async (before) => {
      const uploadBlocks = createUploadBlocks()
      const digester = createDigester({ sha512: false }, { digestThreads, uploadBlocks })
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const { promise: waits, resolve: wait } = Promise.withResolvers<void>()
      async function* slow() {
        yield Buffer.alloc(before, 1)
        wait()
        await late
        yield Buffer.alloc(2_000_000, 2)
      }
      const reading = digester.batches(slow()).next()
      await waits
      digester.close()
      const { blocks } = uploadBlocks.lend()
      for (const block of blocks) block.fill(0)
      resolve()
      await expect(reading).rejects.toThrow('closed')
      expect(blocks.every((block) => block.every((byte) => byte === 0))).toBe(true)
    },
  )
})
