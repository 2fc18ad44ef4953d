import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { busyFiles } from './corpus/busyFiles.ts'
import { busyHeads, magicNumbers } from './corpus/heads.ts'

// In a thread of its own: a detector that hangs here could not even fail.
let worker: Worker
beforeAll(() => {
  worker = new Worker(new URL('../support/detectionWorker.ts', import.meta.url))
})
afterAll(() => worker.terminate())

/** Most magic numbers and headers lie in it. */
const HEAD_BYTES = 4100

/** Far more than the deadline of 50 ms: it has to hold on a machine where everything is slow. */
const LONGEST_MILLISECONDS = 2000

interface Detection {
  readonly type: string
  readonly milliseconds: number
}

async function detect(bytes: Buffer): Promise<Detection> {
  const late = sleep(60_000, undefined, { ref: false })
  const answer = once(worker, 'message')
  worker.postMessage(bytes)
  const [detection] = (await Promise.race([answer, late])) ?? []
  if (detection === undefined) throw new Error(`No end: ${bytes.toString('hex', 0, 64)}`)
  return detection
}

const aType = expect.stringMatching(/^[a-z]+\/[a-z0-9.+-]{1,80}$/)

describe('telling a media type takes no longer than it may', () => {
  it.each([...busyHeads, ...busyFiles])('%s', async (_what, bytes) => {
    const { type, milliseconds } = await detect(bytes)
    expect(type).toEqual(aType)
    expect(milliseconds).toBeLessThan(LONGEST_MILLISECONDS)
  })

  it('of 4,100 heads that begin as files do and go on at random', async () => {
    const rest = fc.oneof(
      fc.uint8Array({ maxLength: HEAD_BYTES, size: 'max' }),
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(255).map((byte) => new Uint8Array(HEAD_BYTES).fill(byte)),
    )
    const head = fc.tuple(fc.constantFrom(Buffer.alloc(0), ...magicNumbers), rest)
    const slow: string[] = []
    for (const [magic, bytes] of fc.sample(head, 4100)) {
      const whole = Buffer.concat([magic, bytes]).subarray(0, HEAD_BYTES)
      const { type, milliseconds } = await detect(whole)
      expect(type).toEqual(aType)
      if (milliseconds > LONGEST_MILLISECONDS) slow.push(whole.toString('hex'))
    }
    expect(slow).toEqual([])
  })
})
