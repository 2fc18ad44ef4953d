import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { createTicks } from '../../src/runtime/ticks.ts'

describe('The timer of all uploads', () => {
  it('looks at each of them until it ends, also at one that began when all others had ended', async () => {
    const ticks = createTicks()
    const seen: string[] = []
    const endFirst = ticks.every(1, () => void seen.push('first'))
    const endSecond = ticks.every(1, () => void seen.push('second'))
    await sleep(250)
    endFirst()
    expect(seen).toEqual(expect.arrayContaining(['first', 'second']))
    seen.length = 0
    await sleep(250)
    endSecond()
    expect(new Set(seen)).toEqual(new Set(['second']))
    await sleep(250) // the timer ends
    seen.length = 0
    const endThird = ticks.every(1, () => void seen.push('third'))
    await sleep(250)
    endThird()
    expect(new Set(seen)).toEqual(new Set(['third']))
  })

  it('looks as seldom as it was asked to', async () => {
    const ticks = createTicks()
    let looks = 0
    const end = ticks.every(250, () => void looks++)
    await sleep(1150)
    end()
    expect(looks).toBeGreaterThanOrEqual(1)
    expect(looks).toBeLessThanOrEqual(4)
  })
})
