import { describe, expect, it } from '@jest/globals'
import { BLOCKS_OF_UPLOAD, createUploadBlocks, pageBytes } from '../../src/runtime/uploadBlocks.ts'

describe('The blocks of uploads', () => {
  const mebibytes = (lent: readonly { readonly blocks: readonly Buffer[] }[]) =>
    lent.flatMap(({ blocks }) => blocks).reduce((sum, { length }) => sum + length, 0) / 2 ** 20

  it('are of whole pages, and no two uploads have the same', () => {
    const pool = createUploadBlocks()
    const lent = Array.from({ length: 20 }, () => pool.lend())
    const blocks = lent.flatMap(({ blocks }) => blocks)
    expect(blocks).toHaveLength(20 * BLOCKS_OF_UPLOAD)
    for (const [index, block] of blocks.entries()) {
      expect(block.byteOffset % pageBytes).toBe(0)
      expect(block.length % pageBytes).toBe(0)
      block.fill(index)
    }
    for (const [index, block] of blocks.entries()) expect(block.every((byte) => byte === index)).toBe(true)
  })

  it('take little more memory with many uploads than with 16, and none of those that ended', () => {
    const pool = createUploadBlocks()
    const few = Array.from({ length: 16 }, () => pool.lend())
    expect(mebibytes(few)).toBe(64)
    const many = [...few, ...Array.from({ length: 1000 }, () => pool.lend())]
    expect(mebibytes(many)).toBeLessThan(256)
    for (const { release } of many) release()
    const again = pool.lend()
    expect(many.some(({ blocks }) => blocks === again.blocks)).toBe(true)
    expect(mebibytes([again])).toBe(4)
  })
})
