import { expect, it } from '@jest/globals'
import { newCredential } from '../../../src/runtime/credentialText.ts'
import { upload } from '../../support/api/files.ts'
import { filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { eventually } from '../../support/eventually.ts'
import { readLog } from '../../support/logs.ts'

const admin = newCredential('key')

describeService('ANONYMOUS_RATE', { ADMIN_KEYS: admin.text, ANONYMOUS_RATE: '3' }, (service) => {
  const asAdmin = { 'x-api-key': admin.text }

  it('limits the requests of an address without a key, and no others', async () => {
    await service.api.post('/buckets').set(asAdmin).send({ name: 'shown', visibility: 'public' }).expect(201)
    const form = service.api.post('/file/shown').set(asAdmin)
    await form.attach('file', Buffer.from('for everyone'), 'a.txt').expect(201)
    const read = () => service.api.get('/public/shown/a.txt')
    const first = await read().expect(200)
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"anonymous";q=3;w=60',
      ratelimit: expect.stringMatching(/^"anonymous";r=2;t=\d+$/),
    })
    await service.api.get(filesPath).expect(401) // is one of them
    await read().expect(200)
    const refused = await read()
    expect(refused).toBeProblem(429, 'rate-limited')
    expect(refused.body['violated-policies']).toEqual(['anonymous'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(await service.api.get(filesPath)).toBeProblem(429, 'rate-limited')

    const asked = await service.api.get(filesPath).set(asAdmin).expect(200)
    expect(asked.headers.ratelimit).toBeUndefined()
    for (let probe = 0; probe < 5; probe++) await service.api.get('/livez').expect(200)
    await service.api.get('/readyz').expect(200)
  })

  it('refuses an upload before its body', async () => {
    const refused = await upload(service, 'bytes')
    expect(refused).toBeProblem(429, 'rate-limited')
  })
})

describeService('ANONYMOUS_RATE of an open service', { ANONYMOUS_RATE: '2' }, (service) => {
  it('limits everyone', async () => {
    await service.api.get(filesPath).expect(200)
    await service.api.get(filesPath).expect(200)
    expect(await service.api.get(filesPath)).toBeProblem(429, 'rate-limited')
  })
})

describeService('The line of a request in the log', { ADMIN_KEYS: admin.text }, (service) => {
  it('tells the actor', async () => {
    await service.api.get(filesPath).set({ 'x-api-key': admin.text, 'x-request-id': 'mine' }).expect(200)
    await service.api.get(filesPath).set({ 'x-request-id': 'a-strangers' }).expect(401)
    await eventually(async () => {
      const lines = await readLog(service.logDirectory, 'debug.log')
      const lineOf = (id: string) =>
        lines.find((line) => line.request_id === id && line.message === 'Request')
      expect(lineOf('mine')).toMatchObject({ actor: `key:${admin.id}`, status: 200 })
      expect(lineOf('a-strangers')).toMatchObject({ status: 401 })
      expect(lineOf('a-strangers')).not.toHaveProperty('actor')
    })
  })
})
