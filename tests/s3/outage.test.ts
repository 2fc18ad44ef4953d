import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type ServiceBehindS3Proxy, startServiceBehindS3Proxy } from '../support/brokenS3.ts'
import { download, filesPath, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { readAllLogs } from '../support/logs.ts'
import type { S3Call, S3Fault } from '../support/s3Faults.ts'

const DEADLINE_SECONDS = 2

let behind: ServiceBehindS3Proxy
beforeAll(async () => {
  behind = await startServiceBehindS3Proxy({ AWS_S3_DEADLINE_SECONDS: String(DEADLINE_SECONDS) })
})
afterEach(async () => {
  behind.proxy.heal()
  await eventually(async () => expect(await ready()).toBe(200))
})
afterAll(() => behind.stop())

const always = Number.MAX_SAFE_INTEGER
const ready = async () => (await send(behind.service, '/readyz')).status
const store = (size = 4096) => upload(behind.service, randomBytes(size))

/** The address and messages of S3, which no answer to a client may contain. */
const internals = () => {
  const { storage } = behind.service.deps.config
  const settings = storage.kind === 's3' ? [storage.s3Bucket, storage.prefix] : []
  return [...settings, new URL(behind.proxy.endpoint).port, 'AWS_', 'S3', 'secret text', 'ECONN']
}

function expectNoInternals(body: unknown) {
  for (const text of internals()) expect(JSON.stringify(body)).not.toContain(text)
}

const mebibyte = 2 ** 20
const refusals: readonly S3Fault[] = [
  { status: 403, code: 'AccessDenied' },
  { status: 403, code: 'InvalidAccessKeyId' },
  { status: 400, code: 'ExpiredToken' },
  { status: 403, code: 'RequestTimeTooSkewed' },
  { status: 404, code: 'NoSuchBucket' },
  { status: 503, code: 'SlowDown' },
  { status: 503, body: '<p>secret text of a gateway</p>' },
]

describe('A client of a service whose S3 refuses', () => {
  const calls: readonly [S3Call, number][] = [
    ['PutObject', 4096],
    ['CreateMultipartUpload', 9 * mebibyte],
    ['CompleteMultipartUpload', 9 * mebibyte],
  ]

  it.each(calls.flatMap(([call, size]) => refusals.map((fault) => [call, fault, size] as const)))(
    'hears 503 and nothing of what S3 said: %s, %j',
    async (call, fault, size) => {
      behind.proxy.inject(call, fault, always)
      const answer = await store(size)
      expect(answer).toBeProblem(503, 'storage-unavailable')
      expect(answer.headers.has('retry-after')).toBe(true)
      expectNoInternals(answer.body)
    },
  )

  it.each(refusals)('hears 503 instead of a download, and nothing of what S3 said: %j', async (fault) => {
    const { body: file } = await store()
    behind.proxy.inject('GetObject', fault, always)
    const answer = await download(behind.service, file.id)
    expect(answer).toBeProblem(503, 'storage-unavailable')
    expectNoInternals(answer.body)
    behind.proxy.heal()
    await eventually(async () => expect((await download(behind.service, file.id)).status).toBe(200))
  })

  it('gets a download whole when S3 breaks it off, or sees that it ended early', async () => {
    const bytes = randomBytes(3 * mebibyte)
    const { body: file } = await upload(behind.service, bytes)
    behind.proxy.inject('GetObject', 'half an answer', 2)
    expect((await download(behind.service, file.id)).bytes.equals(bytes)).toBe(true)

    behind.proxy.inject('GetObject', 'half an answer')
    behind.proxy.inject('GetObject', { status: 403, code: 'AccessDenied' }, always)
    const end = await download(behind.service, file.id).catch(() => 'cut off' as const)
    if (end !== 'cut off') expect(end).toBeProblem(503, 'storage-unavailable') // nothing had come yet
  })
})

describe('/readyz', () => {
  it.each<[string, S3Fault | 'nobody listens', string]>([
    ['a wrong endpoint', 'nobody listens', 'check AWS_S3_ENDPOINT'],
    ['a wrong bucket', { status: 404, code: 'NoSuchBucket' }, 'check AWS_S3_BUCKET_NAME'],
    ['no permission', { status: 403, code: 'AccessDenied' }, 'the rights that belong to AWS_ACCESS_KEY_ID'],
    ['a wrong clock', { status: 403, code: 'RequestTimeTooSkewed' }, 'the clock of this machine is wrong'],
    ['expired credentials', { status: 400, code: 'ExpiredToken' }, 'renew AWS_SESSION_TOKEN'],
  ])('fails with %s, and the log names what to look at', async (_case, fault, advice) => {
    const logged = await readAllLogs(behind.service.logDirectory)
    if (fault === 'nobody listens') await behind.proxy.disappear()
    else behind.proxy.inject('GetObject', fault, always)
    const { status, body } = await send(behind.service, '/readyz')
    expect([status, body]).toMatchObject([503, { dependencies: { storage: { status: 'unavailable' } } }])
    expectNoInternals(body)
    await eventually(async () => {
      const since = (await readAllLogs(behind.service.logDirectory)).split(advice).length
      expect(since).toBeGreaterThan(logged.split(advice).length)
    })
    if (fault === 'nobody listens') await behind.proxy.reappear()
  })
})

describe('A service whose S3 is gone', () => {
  it('lets one upload wait for the deadline and refuses others at once, until S3 is back', async () => {
    const { body: file } = await store()
    await behind.proxy.disappear()
    const timed = async (work: () => Promise<unknown>) => {
      const began = performance.now()
      await work()
      return performance.now() - began
    }
    const first = await timed(async () => expect(await store()).toBeProblem(503, 'storage-unavailable'))
    expect(first).toBeGreaterThan((DEADLINE_SECONDS * 1000) / 2) // it was tried again and again
    const ten = await timed(async () => {
      for (let count = 0; count < 10; count++) expect(await store()).toBeProblem(503, 'storage-unavailable')
    })
    expect(ten).toBeLessThan(3 * first) // they did not wait as the first did
    expect(await download(behind.service, file.id)).toBeProblem(503, 'storage-unavailable')
    expect(await ready()).toBe(503)
    expect((await send(behind.service, `${filesPath}/${file.id}`)).status).toBe(200)

    await behind.proxy.reappear()
    await eventually(async () => expect((await store()).status).toBe(201))
    expect(await ready()).toBe(200)
    expect((await download(behind.service, file.id)).status).toBe(200)
    await eventually(async () => {
      await behind.service.maintain()
      expect(await behind.service.violations()).toEqual([])
    })
  })
})
