import { describe, expect, it } from '@jest/globals'
import { createYoungBuffers } from '../../src/runtime/youngBuffers.ts'

const chunkBytes = 64 * 1024
const mebibyte = 2 ** 20

describe('Buffers that a reader counts', () => {
  it('are freed before so many have come that V8 would mark the whole heap', () => {
    const reader = createYoungBuffers({ enabled: true }).open()
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (let come = 0; come < 64 * mebibyte; come += chunkBytes) {
      Buffer.allocUnsafeSlow(chunkBytes)
      reader.count(chunkBytes)
      most = Math.max(most, process.memoryUsage().arrayBuffers)
    }
    reader.end()
    expect(most - before).toBeLessThan(12 * mebibyte)
  })
})
