import { describe, expect, it, jest } from '@jest/globals'
import { createDiskSpeed } from '../../src/storage/volume/diskSpeed.ts'

describe('The speed of a disk', () => {
  /** Runs a test with a clock that only reads move. */
  function withDisk(test: (reads: (count: number, milliseconds: number) => boolean) => void) {
    let now = 5000
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now)
    try {
      const disk = createDiskSpeed()
      test((count, milliseconds) => {
        for (let read = 0; read < count; read++)
          disk.time(() => {
            now += milliseconds
          })
        return disk.isQuick()
      })
    } finally {
      clock.mockRestore()
    }
  }

  it('is quick at first, and after any number of quick reads', () => {
    withDisk((reads) => {
      expect(reads(0, 0)).toBe(true)
      expect(reads(10_000, 0.2)).toBe(true)
    })
  })

  it('is quick when another process takes the processor now and then', () => {
    withDisk((reads) => {
      for (let second = 0; second < 60; second++) {
        expect(reads(2, 12)).toBe(true)
        expect(reads(1000, 1)).toBe(true)
      }
    })
  })

  it('is slow for a second after several slow reads, or a very slow one', () => {
    for (const [count, milliseconds] of [
      [4, 10],
      [1, 50],
    ] as const)
      withDisk((reads) => {
        expect(reads(count, milliseconds)).toBe(false)
        expect(reads(998, 1)).toBe(false)
        expect(reads(2, 1)).toBe(true)
      })
  })

  it('lets the event loop wait for slow reads for a small part of the time only', () => {
    withDisk((reads) => {
      let waited = 0
      for (let millisecond = 0; millisecond < 60_000; millisecond++)
        if (reads(1, 1)) {
          reads(1, 10)
          waited += 10
        }
      expect(waited).toBeLessThan(4000)
    })
  })

  it('tells the failure of a read', () => {
    withDisk(() => {
      const failing = () => createDiskSpeed().time(() => JSON.parse('{'))
      expect(failing).toThrow(SyntaxError)
    })
  })
})
