import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newCredential } from '../../../src/runtime/credentialText.ts'
import { type Api, createApi } from '../../support/api/agent.ts'
import { upload } from '../../support/api/files.ts'
import { asAdmin, asUser, userSettings, withToken } from '../../support/api/users.ts'
import { filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import {
  createSigningKey,
  goodClaims,
  type Issuer,
  signToken,
  signWithSecret,
  startIssuer,
  unsigned,
} from '../../support/issuer.ts'
import { readAllLogs } from '../../support/logs.ts'
import { type StartedService, startService } from '../../support/service.ts'

const rsa = createSigningKey('RS256')
const adminKey = newCredential('key').text
const now = () => Math.floor(Date.now() / 1000)

describe('A service with the keys of an issuer', () => {
  let issuer: Issuer
  let service: StartedService
  const bucket = 'users'
  beforeAll(async () => {
    issuer = await startIssuer([rsa])
    service = await startService({ ...issuer.settings, ADMIN_KEYS: adminKey })
    const made = service.api.post('/buckets').set('x-api-key', adminKey)
    await made.send({ name: bucket, users: 'own' }).expect(201)
  })
  afterAll(async () => {
    await service.stop()
    await issuer.close()
  })

  const listWith = (token: string) =>
    createApi(service.url).get(`${filesPath}?bucket=${bucket}`).set('Authorization', `Bearer ${token}`)

  it('serves the user of a token of the issuer', async () => {
    await listWith(signToken(rsa, goodClaims())).expect(200)
  })

  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  it.each<[string, () => string, string]>([
    ['without a signature', () => unsigned(goodClaims()), 'token-invalid'],
    [
      'signed with the public key',
      () => signWithSecret(pem, goodClaims(), { kid: rsa.kid }),
      'token-invalid',
    ],
    [
      'of a stranger',
      () => signToken(createSigningKey('RS256', { kid: rsa.kid }), goodClaims()),
      'token-invalid',
    ],
    [
      'of a foreign issuer',
      () => signToken(rsa, goodClaims({ iss: 'https://evil.example' })),
      'token-invalid',
    ],
    ['for another audience', () => signToken(rsa, goodClaims({ aud: 'other' })), 'token-invalid'],
    ['of a numeric subject', () => signToken(rsa, goodClaims({ sub: 7 })), 'token-invalid'],
    ['that never ends', () => signToken(rsa, goodClaims({ exp: undefined })), 'token-invalid'],
    ['that has ended', () => signToken(rsa, goodClaims({ exp: now() - 60 })), 'token-expired'],
    ['of words', () => 'hello', 'token-invalid'],
  ])('refuses a token %s, and asks for another', async (_case, make, code) => {
    const refused = await listWith(make())
    expect(refused).toBeProblem(401, code)
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="upfile", error="invalid_token"')
  })

  it('refuses a token before the body, so that a refused upload leaves nothing', async () => {
    const api = createApi(service.url)
    api.set('Authorization', `Bearer ${unsigned(goodClaims())}`)
    expect(await upload({ api }, 'bytes', { fields: { bucket } })).toBeProblem(401, 'token-invalid')
    expect(await service.violations()).toEqual([])
  })

  it('takes one credential for a request', async () => {
    const token = signToken(rsa, goodClaims())
    const both = listWith(token).set('x-api-key', adminKey)
    expect(await both).toBeProblem(400, 'credentials-ambiguous')
  })

  it('asks for a credential where none is sent', async () => {
    const refused = await service.api.get(filesPath)
    expect(refused).toBeProblem(401, 'access-key-needed')
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="upfile"')
  })

  it('tells no part of a token to the log', async () => {
    const token = signToken(rsa, goodClaims({ aud: 'other', secret: 'canary-claim' }))
    await listWith(token).expect(401)
    await service.api.get(`${filesPath}?token=${token}`).expect(401)
    const said = await readAllLogs(service.logDirectory)
    for (const part of token.split('.')) expect(said).not.toContain(part)
  })
})

describe('A service whose issuer is down', () => {
  it('judges no token, says so, and serves access keys all the same', async () => {
    const issuer = await startIssuer([rsa])
    issuer.answer = (_req, res) => void res.writeHead(500).end()
    const service = await startService({ ...issuer.settings, ADMIN_KEYS: adminKey })
    const list = (name: string, value: string) => createApi(service.url).get(filesPath).set(name, value)
    const refused = await list('Authorization', `Bearer ${signToken(rsa, goodClaims())}`)
    expect(refused).toBeProblem(503, 'identity-unavailable')
    expect(refused.headers['retry-after']).toBe('5')
    await list('x-api-key', adminKey).expect(200)
    expect(await service.api.get(filesPath)).toBeProblem(401, 'access-key-needed')
    await service.stop()
    await issuer.close()
  })
})

describeService('A token with scopes', userSettings, (service) => {
  let admin: Api
  beforeAll(() => {
    admin = asAdmin(service)
  })

  const withScopes = (scope: unknown) => withToken(service, { sub: 'robot', scope })

  it('acts as an access key with these scopes, in every bucket', async () => {
    const robot = withScopes('openid upfile:read upfile:write')
    const { body } = await upload({ api: robot }, randomUUID(), { fields: { owner: 'anna' } }).expect(201)
    expect(body).toMatchObject({ owner: 'anna', created_by: 'token:robot' })
    await robot.get(`${filesPath}/${body.id}`).expect(200)
    expect(await robot.get(filesPath)).toBeProblem(403, 'scope-missing')
    expect(await robot.delete(`${filesPath}/${body.id}`)).toBeProblem(403, 'scope-missing')
    expect(await robot.post('/buckets').send({ name: 'mine' })).toBeProblem(403, 'scope-missing')
  })

  it('may be that of an administrator', async () => {
    const robot = withScopes(['upfile:admin'])
    await robot
      .post('/buckets')
      .send({ name: `b-${randomUUID()}`, users: 'own' })
      .expect(201)
    await robot.get('/buckets').expect(200)
  })

  it('is not the key whose id its subject has', async () => {
    const [, id] = /^upfk_(.{12})/.exec(userSettings.ADMIN_KEYS) ?? []
    const robot = withToken(service, { sub: id, scope: 'upfile:write' })
    const { body } = await upload({ api: robot }, randomUUID()).expect(201)
    expect(body.created_by).toBe(`token:${id}`)
    const { headers } = await robot
      .put(filesPath)
      .set('Idempotency-Key', 'one')
      .send(Buffer.from('x'))
      .expect(201)
    expect(headers['idempotency-replayed']).toBeUndefined()
    const own = await admin
      .put(`${filesPath}?duplicates=allow`)
      .set('Idempotency-Key', 'one')
      .send(Buffer.from('x'))
    expect([own.status, own.headers['idempotency-replayed']]).toEqual([201, undefined])
  })

  it('of words that mean nothing is that of a user', async () => {
    expect(await withScopes('openid profile').get(filesPath)).toBeProblem(403, 'bucket-forbidden')
    expect(await withScopes('upfile:everything').get(filesPath)).toBeProblem(401, 'token-invalid')
  })
})

describeService(
  'A service that takes buckets from tokens',
  { ...userSettings, JWT_BUCKETS_CLAIM: 'app.buckets' },
  (service) => {
    it('lets each token reach these buckets and no other', async () => {
      const admin = asAdmin(service)
      for (const name of ['acme-a', 'acme-b', 'other'])
        await admin.post('/buckets').send({ name, users: 'own' }).expect(201)
      for (const scope of [undefined, 'upfile:admin']) {
        const api = withToken(service, { sub: 'anna', scope, app: { buckets: ['acme-*'] } })
        for (const bucket of ['acme-a', 'acme-b']) await api.get(`${filesPath}?bucket=${bucket}`).expect(200)
        expect(await api.get(`${filesPath}?bucket=other`)).toBeProblem(403, 'bucket-forbidden')
        const { body } = await api.get('/buckets').expect(200)
        expect(body.map(({ name }: { name: string }) => name)).toEqual(['acme-a', 'acme-b'])
        const none = withToken(service, { sub: 'anna', scope })
        expect(await none.get(`${filesPath}?bucket=acme-a`)).toBeProblem(403, 'bucket-forbidden')
        expect((await none.get('/buckets').expect(200)).body).toEqual([])
      }
    })
  },
)

describeService('An open service with tokens', { ...userSettings, AUTH: 'off' }, (service) => {
  it('looks at no token, good or bad', async () => {
    for (const api of [service.api, asUser(service, 'anna'), withToken(service, { aud: 'other' })]) {
      const { body } = await upload({ api }, randomUUID(), { fields: { owner: 'bob' } }).expect(201)
      expect(body).toMatchObject({ owner: 'bob', created_by: null })
    }
  })
})
