import { describe, expect, it } from '@jest/globals'
import { createFileBytes } from '../../src/domain/detection/fileBytes.ts'
import type { ByteRange } from '../../src/model/blob.ts'

const KIB = 1024
const file = Buffer.from(Array.from({ length: 3000 * KIB }, (_, index) => index % 251))

describe('the bytes that detection sees', () => {
  function open(size: number) {
    const ranges: ByteRange[] = []
    const whole = file.subarray(0, size)
    const bytes = createFileBytes({ size, head: whole.subarray(0, 64 * KIB) }, async (range) => {
      ranges.push(range)
      return whole.subarray(range.first, range.last + 1)
    })
    return { bytes, ranges }
  }

  it.each([
    ['in the head', 0, 100, 0],
    ['at the end of the head', 64 * KIB - 10, 10, 0],
    ['across the end of the head', 64 * KIB - 10, 20, 1],
    ['behind the head', 200 * KIB, 5, 1],
    ['more than a block', 100 * KIB, 256 * KIB, 1],
    ['at the end of the file', 1000 * KIB - 3, 10, 1],
    ['behind the file', 1000 * KIB, 10, 0],
    ['far behind the file', 2 ** 60, 10, 0],
  ])('are those of the file: %s', async (_where, first, length, reads) => {
    const { bytes, ranges } = open(1000 * KIB)
    const expected = file.subarray(first, Math.min(first + length, 1000 * KIB))
    expect((await bytes.read(first, length)).equals(expected)).toBe(true)
    expect(ranges).toHaveLength(reads)
  })

  it('are read back in blocks, so that neighbours need one read', async () => {
    const { bytes, ranges } = open(1000 * KIB)
    for (let first = 500 * KIB; first < 501 * KIB; first += 10) await bytes.read(first, 10)
    expect(ranges).toEqual([{ first: 500 * KIB, last: 564 * KIB - 1 }])
  })

  it('are at most 1 MiB, then none', async () => {
    const { bytes, ranges } = open(3000 * KIB)
    const lengths = []
    for (let first = 64 * KIB; first < 3000 * KIB; first += 100 * KIB)
      lengths.push((await bytes.read(first, 10)).length)
    expect(lengths).toEqual(lengths.map((_, index) => (index < 16 ? 10 : 0)))
    expect(ranges).toHaveLength(16)
    expect((await bytes.read(0, 10)).length).toBe(10)
  })
})
