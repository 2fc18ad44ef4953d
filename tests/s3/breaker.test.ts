import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { TRIAL_EVERY_MILLISECONDS } from '../../src/storage/s3/breaker.ts'
import type { S3Location } from '../../src/storage/s3/client.ts'
import type { S3Storage } from '../../src/storage/s3/s3.ts'
import { inBatches, newKey } from '../storage/storageContract.ts'
import { eventually } from '../support/eventually.ts'
import { openS3 } from '../support/openS3.ts'
import { createS3Bucket, somewhereIn } from '../support/s3.ts'
import { createS3FaultProxy, type S3Fault, type S3FaultProxy } from '../support/s3Faults.ts'

let place: S3Location
let proxy: S3FaultProxy
let storage: S3Storage
beforeAll(async () => {
  place = await createS3Bucket()
})
beforeEach(async () => {
  proxy = await createS3FaultProxy(place.endpoint ?? '')
  storage = openS3({ ...somewhereIn(place), endpoint: proxy.endpoint, deadlineSeconds: 1 })
})
afterEach(async () => {
  await Promise.all([storage.close(), proxy.close()])
})

const bytes = randomBytes(4096)
const write = () => storage.write(newKey(), inBatches(bytes, 4096))
const always = Number.MAX_SAFE_INTEGER

/** How a write ends: with `written`, or the sentence for the operator. */
const outcome = () =>
  write().then(
    () => 'written',
    (error: { code?: string; cause?: Error }) => `${error.code}: ${error.cause?.message}`,
  )

/** Writes as often as it can for a while. Resolves with the different outcomes there were. */
async function writeAllTheTime(milliseconds: number) {
  const outcomes = new Map<string, number>()
  const until = performance.now() + milliseconds
  while (performance.now() < until) {
    const how = await outcome()
    outcomes.set(how, (outcomes.get(how) ?? 0) + 1)
    await sleep(5)
  }
  return outcomes
}

/** What there may be of trials in such a time: the first one, one for each pause, and one at its end. */
const trialsIn = (milliseconds: number) => 2 + milliseconds / TRIAL_EVERY_MILLISECONDS

describe('Credentials that S3 does not take', () => {
  it.each([
    [400, 'ExpiredToken', 'renew AWS_SESSION_TOKEN'],
    [403, 'InvalidAccessKeyId', 'check AWS_ACCESS_KEY_ID'],
    [403, 'SignatureDoesNotMatch', 'check AWS_SECRET_ACCESS_KEY'],
    [400, 'InvalidToken', 'check AWS_SESSION_TOKEN'],
  ])('are not tried with every call: %i %s', async (status, code, advice) => {
    proxy.inject('PutObject', { status, code }, always)
    const began = performance.now()
    const outcomes = await writeAllTheTime(TRIAL_EVERY_MILLISECONDS * 1.5)
    const took = performance.now() - began
    for (const how of outcomes.keys()) expect(how).toContain(advice)
    const writes = [...outcomes.values()].reduce((sum, count) => sum + count, 0)
    expect(writes).toBeGreaterThan(10)
    expect(proxy.calls.length).toBeLessThanOrEqual(1 + trialsIn(took))
    proxy.heal()
    await eventually(write)
    await write() // and from then on all of them
  })
})

describe('An S3 that serves nobody', () => {
  it.each<[string, S3Fault]>([
    ['answers 503', { status: 503, code: 'SlowDown' }],
    ['answers 500', { status: 500, code: 'InternalError' }],
    ['is a gateway without a server', { status: 502, body: '<h1>502 Bad Gateway</h1>' }],
    ['hangs up', 'reset before'],
    ['says that the clock is wrong', { status: 403, code: 'RequestTimeTooSkewed' }],
  ])(
    'is left alone but for trials once a call came to its deadline, and used again: it %s',
    async (_how, fault) => {
      proxy.inject('PutObject', fault, always)
      expect(await outcome()).toMatch(/^storage-unavailable: S3: /)
      const before = proxy.calls.length
      const began = performance.now()
      await writeAllTheTime(TRIAL_EVERY_MILLISECONDS * 1.5)
      expect(proxy.calls.length - before).toBeLessThanOrEqual(trialsIn(performance.now() - began))
      proxy.heal()
      await eventually(write)
      await write()
    },
  )

  it('lets a trial wait for what hangs no longer than a call may, and nobody else', async () => {
    proxy.inject('PutObject', { lateBySeconds: 3600 }, always)
    await expect(write()).rejects.toMatchObject({ code: 'storage-unavailable' })
    const trial = write()
    for (let count = 0; count < 20; count++)
      await expect(write()).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect(proxy.calls.length).toBeLessThanOrEqual(3)
    await expect(trial).rejects.toMatchObject({ code: 'storage-unavailable' })
  })
})

describe('What is wrong with one call', () => {
  it.each<[string, S3Fault]>([
    ['is forbidden', { status: 403, code: 'AccessDenied' }],
    ['meets another', { status: 409, code: 'ConditionalRequestConflict' }],
    ['is too much for a quota', { status: 403, code: 'QuotaExceeded' }],
    ['comes broken', { status: 400, code: 'BadDigest' }],
  ])('keeps no other from being made: it %s', async (_how, fault) => {
    proxy.inject('PutObject', fault, always)
    for (let count = 0; count < 3; count++) {
      await expect(write()).rejects.toThrow()
      await expect(storage.size(newKey())).resolves.toBeUndefined()
    }
    expect(proxy.calls.filter((call) => call === 'PutObject').length).toBeGreaterThanOrEqual(3)
  })

  it('keeps no other from being made when that is answered meanwhile, whatever the one came to', async () => {
    proxy.inject('ListObjectsV2', { status: 503, code: 'SlowDown' }, always)
    let over = false
    const listing = Array.fromAsync(storage.list()).finally(() => {
      over = true
    })
    listing.catch(() => {})
    while (!over) await write()
    await expect(listing).rejects.toMatchObject({ code: 'storage-unavailable' })
    for (let count = 0; count < 10; count++) await write()
  })
})
