import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createSlidingWindow } from '../../src/domain/access/slidingWindow.ts'
import { assertProperty } from '../support/property.ts'

/** A minute, aligned as those of the window are. */
const minute = 29_000_000 * 60

/** Whether each request is served: the definition, on the times of all requests that were. */
function expected(times: readonly number[], quota: number): boolean[] {
  const served: number[] = []
  return times.map((now) => {
    const start = Math.floor(now / 60) * 60
    const inMinute = (from: number) => served.filter((time) => time >= from && time < from + 60).length
    const reached = inMinute(start - 60) * (1 - (now - start) / 60)
    const isServed = inMinute(start) + reached + 1 <= quota
    if (isServed) served.push(now)
    return isServed
  })
}

describe('A sliding window', () => {
  it('serves a quota at once, refuses the next request, and tells when one more is served', () => {
    const window = createSlidingWindow(10)
    const now = minute + 20
    const take = (at: number) => window.take('a', 4, at)
    expect([take(now), take(now), take(now), take(now)]).toEqual([
      { exceeded: false, left: 3, seconds: 40 },
      { exceeded: false, left: 2, seconds: 40 },
      { exceeded: false, left: 1, seconds: 40 },
      { exceeded: false, left: 0, seconds: 55 }, // when the last 60 seconds hold three quarters of the minute
    ])
    expect(take(now)).toEqual({ exceeded: true, left: 0, seconds: 55 })
    expect(take(now + 54)).toMatchObject({ exceeded: true, seconds: 1 })
    expect(take(now + 55)).toMatchObject({ exceeded: false, left: 0 })
    expect(window.take('b', 4, now + 55)).toMatchObject({ exceeded: false, left: 3 })
    expect(take(now + 180)).toMatchObject({ exceeded: false, left: 3 })
  })

  it('serves what the definition says, at any times', async () => {
    const steps = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 100 })
    const cases = fc.record({ steps, quota: fc.integer({ min: 1, max: 12 }) })
    const check = async ({ steps, quota }: { steps: number[]; quota: number }) => {
      const window = createSlidingWindow(10)
      let now = minute
      const times = steps.map((sixteenths) => {
        now += sixteenths / 16
        return now
      })
      const served = times.map((time) => !window.take('a', quota, time).exceeded)
      expect(served).toEqual(expected(times, quota))
    }
    await assertProperty(cases, check, { numRuns: 1000, seconds: 20 })
  })

  it('serves a refused client that waits for the seconds it was told, and not a second before', async () => {
    const cases = fc.record({
      quota: fc.integer({ min: 1, max: 50 }),
      start: fc.integer({ min: 0, max: 59 }),
      pauses: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }),
    })
    await assertProperty(
      cases,
      async ({ quota, start, pauses }) => {
        const window = createSlidingWindow(10)
        let now = minute + start
        for (const pause of pauses) {
          now += pause
          window.take('a', quota, now)
        }
        let last = window.take('a', quota, now)
        while (!last.exceeded) last = window.take('a', quota, now)
        if (last.seconds > 1) expect(window.take('a', quota, now + last.seconds - 1.01).exceeded).toBe(true)
        expect(window.take('a', quota, now + last.seconds).exceeded).toBe(false)
      },
      { numRuns: 1000, seconds: 20 },
    )
  })

  it('adds up what several processes have counted, also when some of it could not be told at first', async () => {
    const steps = fc.array(
      fc.record({
        process: fc.integer({ min: 0, max: 2 }),
        subject: fc.constantFrom('a', 'b', 'c'),
        does: fc.constantFrom('take', 'take', 'take', 'share', 'fail'),
        seconds: fc.integer({ min: 0, max: 4 }),
      }),
      { maxLength: 200 },
    )
    await assertProperty(
      steps,
      async (steps) => {
        const table = new Map<string, number>()
        const windows = [createSlidingWindow(10), createSlidingWindow(10), createSlidingWindow(10)] as const
        const share = (window: (typeof windows)[number]) => {
          const changes = window.changes(100)
          for (const { subject, minute, requests } of changes)
            table.set(`${minute} ${subject}`, (table.get(`${minute} ${subject}`) ?? 0) + requests)
          const totals = changes.flatMap(({ subject, minute }) =>
            [minute, minute - 1].map((each) => ({
              ...{ subject, minute: each, requests: table.get(`${each} ${subject}`) ?? 0 },
            })),
          )
          window.settle(changes, totals)
        }
        const taken = new Map<string, number>()
        let now = minute
        for (const { process, subject, does, seconds } of steps) {
          const window = windows[process]
          now = Math.min(now + seconds, minute + 119)
          if (does === 'take') {
            window?.take(subject, 1000, now)
            const name = `${Math.floor(now / 60)} ${subject}`
            taken.set(name, (taken.get(name) ?? 0) + 1)
          } else if (window && does === 'share') share(window)
          else if (window) window.restore(window.changes(100))
        }
        for (const window of windows) share(window)
        expect(table).toEqual(taken)
        // Who counts once more and shares it knows all others.
        const [window] = windows
        const newest = Math.floor(now / 60)
        window.take('a', 1000, now)
        share(window)
        const { left } = window.take('a', 1000, (newest + 1) * 60)
        expect(left).toBe(1000 - (taken.get(`${newest} a`) ?? 0) - 2)
      },
      { numRuns: 300, seconds: 20 },
    )
  })

  it('holds 100,000 subjects in a bounded memory, and counts the others together', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const window = createSlidingWindow(100_000)
    collect()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < 100_000; index++) window.take(`2001:db8:${index}::`, 30, minute)
    collect()
    const full = process.memoryUsage().heapUsed
    for (let index = 0; index < 500_000; index++) window.take(`2001:db9:${index}::`, 30, minute + 1)
    collect()
    const after = process.memoryUsage().heapUsed
    expect(full - before).toBeLessThan(32 * 2 ** 20)
    expect(after - full).toBeLessThan(2 ** 20)
    expect(window.take('2001:db9:7::', 30, minute + 2).exceeded).toBe(true) // together with all others
    expect(window.take('2001:db8:7::', 30, minute + 2)).toMatchObject({ exceeded: false, left: 28 })
    window.take('2001:db8:7::', 30, minute + 200)
    collect()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 ** 20)
  })
})
