import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { newCredential } from '../../../src/runtime/credentialText.ts'
import { upload } from '../../support/api/files.ts'
import { filesPath } from '../../support/client.ts'
import { without } from '../../support/outage.ts'
import { type StartedService, startService } from '../../support/service.ts'

const admin = newCredential('key').text

describe('a service without a key, on this machine', () => {
  let service: StartedService
  beforeAll(async () => {
    service = await startService()
  })
  afterAll(() => service.stop())

  it('asks nobody for a credential, and notes nobody as the maker of a file', async () => {
    await service.api.get(filesPath).expect(200)
    const { body } = await upload(service, 'anybody').expect(201)
    expect(body.created_by).toBeNull()
  })

  it.each([
    ['forwarded', 'for=192.0.2.1'],
    ['via', '1.1 proxy'],
    ['x-forwarded-for', '192.0.2.1'],
    ['x-forwarded-host', 'files.example.com'],
    ['x-forwarded-proto', 'https'],
    ['x-real-ip', '192.0.2.1'],
    ['X-Forwarded', 'for=192.0.2.1'],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Prefix', '/files'],
    ['X-Forwarded-Server', 'proxy'],
    ['X-Forwarded-Client-Cert', 'By=spiffe://mesh'],
    ['X-Forwarded-Whatever', ''],
  ])('refuses what came through a proxy (%s)', async (name, value) => {
    const answer = await service.api.get(filesPath).set(name, value)
    expect(answer).toBeProblem(403, 'host-not-allowed')
    expect(answer.body.detail).toContain('AUTH=off')
  })

  it('takes headers that only resemble those of a proxy', async () => {
    const headers = { 'x-forwardedness': '1', 'not-x-forwarded-for': '1', viaduct: '1' }
    await service.api.get(filesPath).set(headers).expect(200)
  })

  it('refuses a domain name that leads here', async () => {
    expect(await service.api.get(filesPath).set('host', 'evil.example')).toBeProblem(403, 'host-not-allowed')
  })

  it('judges a key that is sent all the same', async () => {
    expect(await service.api.get(filesPath).set('x-api-key', admin)).toBeProblem(401, 'access-key-invalid')
  })

  it('ignores what a proxy or a library adds to Authorization', async () => {
    for (const authorization of ['Basic bmdpbng6c2VjcmV0', 'Bearer abc', 'Digest username="me"', 'nonsense'])
      await service.api.get(filesPath).set({ authorization }).expect(200)
  })
})

describe('AUTH=off', () => {
  let service: StartedService
  beforeAll(async () => {
    service = await startService({ AUTH: 'off', ADMIN_KEYS: admin, ALLOWED_HOSTS: 'files.example.com' })
  })
  afterAll(() => service.stop())

  it.each<[string, Record<string, string>]>([
    ['a key that nobody has', { 'x-api-key': newCredential('key').text }],
    ['two keys', { 'x-api-key': admin, authorization: `Bearer ${admin}` }],
    ['a proxy in front', { 'x-forwarded-for': '192.0.2.1', host: 'files.example.com' }],
  ])('looks at no credential: %s', async (_, headers) => {
    await service.api.get(filesPath).set(headers).expect(200)
  })
})

describe('a service whose database is gone', () => {
  let service: StartedService
  afterEach(() => service.stop())

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['opens nothing that was open', {}, {}],
    ['knows no key that it cannot look up', { AUTH: 'on' }, { 'x-api-key': newCredential('key').text }],
  ])('%s: it answers 503', async (_, settings, headers) => {
    service = await startService(settings)
    const ask = () => service.api.get(`${filesPath}/${crypto.randomUUID()}`).set(headers)
    await ask()
    await without('database', service, async () => {
      expect(await ask()).toBeProblem(503, 'database-unavailable')
      await sleep(1100) // what was known is too old from now on
      const answer = await ask()
      expect(answer).toBeProblem(503, 'database-unavailable')
      expect(answer.headers['retry-after']).toBeDefined()
      await service.api.get('/livez').expect(200)
    })
  })

  it('still judges ADMIN_KEYS', async () => {
    service = await startService({ ADMIN_KEYS: admin })
    await without('database', service, async () => {
      expect(await service.api.get(filesPath)).toBeProblem(401, 'access-key-needed')
      const wrong = `${admin.slice(0, 17)}${newCredential('key').text.slice(17)}`
      expect(await service.api.get(filesPath).set('x-api-key', wrong)).toBeProblem(401, 'access-key-invalid')
      expect(await service.api.get(filesPath).set('x-api-key', admin)).toBeProblem(
        503,
        'database-unavailable',
      )
    })
  })
})
