import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newCredential } from '../../../src/runtime/credentialText.ts'
import { askOften } from '../../support/askOften.ts'
import { filesPath } from '../../support/client.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../../support/databaseProxy.ts'
import { describeService } from '../../support/describeService.ts'
import { createDatabase } from '../../support/postgres.ts'
import { type StartedService, startService } from '../../support/service.ts'

const admin = newCredential('key').text
const closed = { AUTH: 'on', ADMIN_KEYS: admin, FAILED_RATE: '5' }
const guess = () => ({ 'x-api-key': newCredential('key').text })
const countOf = (statuses: readonly number[], status: number) =>
  statuses.filter((each) => each === status).length

describeService('Wrong credentials from one address', { ...closed, FAILED_RATE: '30' }, (service) => {
  it('are 429 when there were too many, and lock no good key out', async () => {
    const good: number[] = []
    const guessing = askOften(service, filesPath, 10_000, guess)
    const ending = guessing.then(() => 'ended' as const)
    do good.push((await service.api.get(filesPath).set('x-api-key', admin)).status)
    while ((await Promise.race([ending, undefined])) !== 'ended')
    const statuses = await guessing
    // The window may have moved on by some seconds meanwhile.
    expect(countOf(statuses, 401)).toBeGreaterThanOrEqual(30)
    expect(countOf(statuses, 401)).toBeLessThan(120)
    expect(countOf(statuses, 401) + countOf(statuses, 429)).toBe(10_000)
    expect(new Set(good)).toEqual(new Set([200]))

    await askOften(service, filesPath, 40, guess) // on a slow machine the window has moved on since
    const refused = await service.api.get(filesPath).set(guess())
    expect(refused).toBeProblem(429, 'rate-limited')
    expect(refused.body).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      'violated-policies': ['failed'],
    })
    expect(refused.headers['ratelimit-policy']).toBe('"failed";q=30;w=60')
    const [, seconds] = /^"failed";r=0;t=(\d+)$/.exec(refused.headers.ratelimit ?? '') ?? []
    expect(refused.headers['retry-after']).toBe(seconds)
    expect(refused.body.retry_after).toBe(Number(seconds))
    expect(refused.headers['www-authenticate']).toBeUndefined()
  }, 120_000)

  it('are in the audit log, the first 429 of a minute', async () => {
    await service.deps.refusalLog.settled()
    const { body } = await service.api.get('/audit?action=rate-limited').set('x-api-key', admin)
    expect(body.length).toBeGreaterThanOrEqual(1)
    expect(body.length).toBeLessThan(4)
    for (const entry of body)
      expect(entry).toMatchObject({
        ...{ actor: null, address: '127.0.0.1', target: 'address:127.0.0.1', details: { policy: 'failed' } },
        request_id: expect.any(String),
      })
  })
})

const seven = [1, 2, 3, 4, 5, 6, 7]

describe.each<[string, readonly [string, readonly string[], 'limited' | 'free'][]]>([
  ['0', [['of clients that it forwards, or says so', seven.map((n) => `203.0.113.${n}`), 'limited']]],
  [
    '1',
    [
      ['of clients', seven.map((n) => `203.0.113.${n}`), 'free'],
      ['of a client that makes up others', seven.map((n) => `203.0.113.${n}, 198.51.100.1`), 'limited'],
      ['of no address', seven.map((n) => `client${n}`), 'limited'],
      ['of a client with many addresses of IPv6', seven.map((n) => `2001:db8::${n}`), 'limited'],
      ['of networks of IPv6', seven.map((n) => `2001:db8:0:${n}::1`), 'free'],
    ],
  ],
  ['2', [['of clients, by another proxy', seven.map((n) => `203.0.113.${n}, 198.51.100.1`), 'free']]],
])('With TRUSTED_PROXIES=%s, wrong credentials that a proxy forwards', (proxies, cases) => {
  describeService('are counted for its clients', { ...closed, TRUSTED_PROXIES: proxies }, (service) => {
    it.each(cases)('%s', async (_whose, forwarded, expected) => {
      const statuses: number[] = []
      for (const each of forwarded)
        statuses.push((await service.api.get(filesPath).set({ ...guess(), 'X-Forwarded-For': each })).status)
      expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401])
      expect(statuses[6]).toBe(expected === 'free' ? 401 : 429)
    })
  })
})

describe('A text that cannot be a key', () => {
  let proxy: DatabaseProxy
  let database: Awaited<ReturnType<typeof createDatabase>>
  let service: StartedService
  beforeAll(async () => {
    proxy = await startDatabaseProxy()
    database = await createDatabase()
    service = await startService({ ...closed, FAILED_RATE: '0', DATABASE_URL: proxy.through(database.url) })
  })
  afterAll(async () => {
    await service.stop()
    await proxy.close()
    await database.drop()
  })

  it('costs no query, ten thousand times', async () => {
    expect((await service.api.get(filesPath).set(guess())).status).toBe(401)
    void proxy.breakAt(1, 'before') // the next statement
    const wrong = (text: string) => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`
    const headers = () => ({ 'x-api-key': wrong(newCredential('key').text) })
    const statuses = await askOften(service, filesPath, 10_000, headers)
    expect(countOf(statuses, 401)).toBe(10_000)
    expect(proxy.mend()).toBe(false) // nothing was broken
    void proxy.breakAt('"access_keys"', 'before')
    expect((await service.api.get(filesPath).set(guess())).status).toBe(503)
    expect(proxy.mend()).toBe(true)
  }, 120_000)
})
