import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseRange } from '../../src/http/fields/range.ts'
import { anyText } from '../support/property.ts'

const whole = undefined
const refused = 'range-not-satisfiable'

function outcome(header: string | undefined, size: number) {
  try {
    const range = parseRange(header, size)
    return range && [range.first, range.last]
  } catch (error) {
    return (error as { code?: string }).code
  }
}

describe('parseRange', () => {
  it.each<[string | undefined, number, [number, number] | undefined | typeof refused]>([
    ['bytes=0-0', 10, [0, 0]],
    ['bytes=0-9', 10, [0, 9]],
    ['bytes=0-10', 10, [0, 9]],
    ['bytes=3-', 10, [3, 9]],
    ['bytes=9-9', 10, [9, 9]],
    ['bytes=-1', 10, [9, 9]],
    ['bytes=-10', 10, [0, 9]],
    ['bytes=-11', 10, [0, 9]],
    ['bytes=0-9223372036854775808', 10, [0, 9]],
    ['bytes=-9223372036854775808', 10, [0, 9]],
    ['BYTES=1-2', 10, [1, 2]],
    ['bytes= 1-2 ', 10, [1, 2]],
    ['bytes=007-008', 10, [7, 8]],
    ['bytes=10-', 10, refused],
    ['bytes=10-20', 10, refused],
    ['bytes=9223372036854775808-', 10, refused],
    ['bytes=-0', 10, refused],
    ['bytes=0-', 0, refused],
    ['bytes=-5', 0, refused],
    [undefined, 10, whole],
    ['', 10, whole],
    ['bytes', 10, whole],
    ['bytes=', 10, whole],
    ['bytes=-', 10, whole],
    ['bytes=2-1', 10, whole],
    ['bytes=0-0,-1', 10, whole],
    ['bytes=0-4,2-6', 10, whole],
    [`bytes=${'0-1,'.repeat(1000)}0-1`, 10, whole],
    ['bytes=+1-2', 10, whole],
    ['bytes=--1', 10, whole],
    ['bytes=1-2-3', 10, whole],
    ['bytes=0x1-2', 10, whole],
    ['bytes=1e1-', 10, whole],
    ['bytes=1.0-2', 10, whole],
    ['bytes=١-٢', 10, whole],
    ['bytes=1-2\n', 10, whole],
    ['items=0-1', 10, whole],
    ['seconds=0-1', 10, whole],
    [`bytes=${'9'.repeat(40)}-`, 10, whole],
  ])('%s of %i bytes', (header, size, expected) => {
    expect(outcome(header, size)).toEqual(expected)
  })

  it('never reaches outside the file, and starts where it was asked to', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.option(fc.nat(), { nil: undefined }),
        fc.integer({ min: 1 }),
        (first, last, size) => {
          const range = outcome(`bytes=${first}-${last ?? ''}`, size)
          if (last !== undefined && last < first) return range === undefined
          if (first >= size) return range === refused
          expect(range).toEqual([first, Math.min(last ?? size - 1, size - 1)])
          return true
        },
      ),
    )
  })

  it('gives the last bytes for a suffix, all of them when there are not so many', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.integer({ min: 1 }), (suffix, size) => {
        expect(outcome(`bytes=-${suffix}`, size)).toEqual([Math.max(0, size - suffix), size - 1])
      }),
    )
  })

  it('takes any text without throwing anything but a refusal', () => {
    fc.assert(
      fc.property(anyText(), fc.nat(), (text, size) => {
        for (const header of [text, `bytes=${text}`]) {
          const range = outcome(header, size)
          if (!Array.isArray(range)) expect([whole, refused]).toContain(range)
        }
      }),
    )
  })
})
