import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newCredential } from '../../../src/runtime/credentialText.ts'
import { download, upload } from '../../support/api/files.ts'
import { filesPath } from '../../support/client.ts'
import { rawRequest } from '../../support/rawRequest.ts'
import { sendRaw } from '../../support/sendRaw.ts'
import { type StartedService, startService } from '../../support/service.ts'

const admin = newCredential('key').text
const stranger = newCredential('key').text
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

describe('a closed service', () => {
  let service: StartedService
  beforeAll(async () => {
    service = await startService({ ADMIN_KEYS: admin, CORS_ORIGINS: 'https://app.example' })
  })
  afterAll(() => service.stop())

  const list = (headers: Record<string, string>) => service.api.get(filesPath).set(headers)

  it.each<[string, Record<string, string>]>([
    ['x-api-key', { 'x-api-key': admin }],
    ['Bearer', { authorization: `Bearer ${admin}` }],
    ['a Bearer in other letters', { authorization: `bEARER  ${admin}` }],
    ['Basic, as the password', { authorization: basic('me', admin) }],
    ['Basic, as the user', { authorization: basic(admin, '') }],
    ["a proxy's Basic beside x-api-key", { 'x-api-key': admin, authorization: basic('nginx', 'secret') }],
    ["a proxy's Basic beside Bearer", { authorization: `${basic('nginx', 'secret')}, Bearer ${admin}` }],
  ])('takes a key in %s', async (_, headers) => {
    await list(headers).expect(200)
  })

  it.each<[string, number, string, Record<string, string>]>([
    ['no credential', 401, 'access-key-needed', {}],
    ['an empty key', 401, 'access-key-needed', { 'x-api-key': '' }],
    ["a proxy's Basic alone", 401, 'access-key-needed', { authorization: basic('nginx', 'secret') }],
    ['a text that is no key', 401, 'access-key-invalid', { 'x-api-key': 'secret' }],
    ['a key with a wrong check', 401, 'access-key-invalid', { 'x-api-key': `${admin.slice(0, -1)}!` }],
    ['a key that nobody has', 401, 'access-key-invalid', { 'x-api-key': stranger }],
    ['a broken key as Bearer', 401, 'access-key-invalid', { authorization: 'Bearer upfk_x' }],
    ['a broken key in Basic', 401, 'access-key-invalid', { authorization: basic('me', 'upfk_x') }],
    ['two keys', 400, 'credentials-ambiguous', { 'x-api-key': admin, authorization: `Bearer ${admin}` }],
    ['two keys in Basic', 400, 'credentials-ambiguous', { authorization: basic(admin, stranger) }],
    ['two keys as Bearer', 400, 'credentials-ambiguous', { authorization: `Bearer ${admin} ${stranger}` }],
    [
      'two headers Authorization, as a joined one',
      400,
      'credentials-ambiguous',
      { authorization: `Bearer ${admin}, Bearer ${stranger}` },
    ],
    [
      'a key of each scheme',
      400,
      'credentials-ambiguous',
      { authorization: `${basic('me', admin)}, bearer ${stranger}` },
    ],
    ...[`Bearer ${stranger}, x`, `x, Bearer ${stranger}`, `Bearer ${stranger} x`, `Bearer\t${stranger}`].map(
      (authorization): [string, number, string, Record<string, string>] => [
        `x-api-key beside ${authorization.replace(stranger, 'KEY')}`,
        400,
        'credentials-ambiguous',
        { 'x-api-key': admin, authorization },
      ],
    ),
    ['two keys in one header', 400, 'credentials-ambiguous', { 'x-api-key': `${admin}, ${stranger}` }],
  ])('refuses %s', async (_, status, code, headers) => {
    const answer = await list(headers)
    expect(answer).toBeProblem(status, code)
    const challenge = status === 401 ? answer.headers['www-authenticate'] : undefined
    expect(challenge).toBe(
      status !== 401
        ? undefined
        : code === 'access-key-needed'
          ? 'Bearer realm="upfile"'
          : 'Bearer realm="upfile", error="invalid_token"',
    )
  })

  it('refuses a key in each of two headers Authorization', async () => {
    const values = [`Bearer ${admin}`, basic('me', stranger)]
    const lines = values.map((value) => `Authorization: ${value}\r\n`).join('')
    const answer = await rawRequest(service, `GET ${filesPath} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`)
    expect(answer).toBeProblem(400, 'credentials-ambiguous')
  })

  it.each([
    ['the query', `${filesPath}?key=${admin}`],
    ['the path', `${filesPath}/${stranger}`],
    ['an encoded query', `${filesPath}?bucket=${stranger.replace('_', '%5F')}`],
  ])('refuses a key in %s, whatever else comes with it', async (_, path) => {
    expect(await service.api.get(path).set('x-api-key', admin)).toBeProblem(400, 'credential-misplaced')
  })

  it.each([
    ['GET', '/'],
    ['HEAD', '/'],
    ['GET', '/docs'],
    ['GET', '/web/page.js'],
    ['GET', '/livez'],
    ['GET', '/nowhere'],
    ['GET', '/%ff'],
    ['PATCH', filesPath],
    ['OPTIONS', filesPath],
    ['OPTIONS', '/nowhere'],
    ['POST', '/docs'],
  ] as const)('refuses a key in the address of any request: %s %s', async (method, path) => {
    const place = { path: `${path}/${admin}`, query: `${path}?key=${admin}` }
    for (const target of [place.path, place.query, place.query.replace('upfk_', '%75pfk_')]) {
      const answer = await sendRaw(service, method, target)
      if (method === 'HEAD') expect(answer.status).toBe(400)
      else expect(answer).toBeProblem(400, 'credential-misplaced')
    }
  })

  it('lets a page of an allowed origin read why a key in the address is refused', async () => {
    const origin = 'https://app.example'
    const target = `${filesPath}?key=${admin}`
    const preflight = { origin, 'access-control-request-method': 'GET' }
    expect((await sendRaw(service, 'OPTIONS', target, preflight)).status).toBe(204)
    const answer = await sendRaw(service, 'GET', target, { origin })
    expect(answer).toBeProblem(400, 'credential-misplaced')
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })

  it.each([
    '/',
    '/docs/',
    '/openapi.json',
    '/openapi.yaml',
    '/livez',
    '/readyz',
    '/healthcheck/',
    '/web/page.js',
  ])('shows %s to everyone', async (path) => {
    expect((await service.api.get(path)).status).toBeLessThan(400)
  })

  it('lets everyone read the content of public buckets alone', async () => {
    const rules = [
      { name: 'open', visibility: 'public' },
      { name: 'closed', visibility: 'private' },
    ]
    for (const bucket of rules)
      await service.api.post('/buckets').set('x-api-key', admin).send(bucket).expect(201)
    const send = (bucket: string) =>
      upload(service, `bytes of ${bucket}`, { fields: { bucket } }).set('x-api-key', admin).expect(201)
    const [seen, hidden] = [(await send('open')).body, (await send('closed')).body]
    expect((await download(service, seen.id).expect(200)).body.toString()).toBe('bytes of open')
    await service.api.get(`${filesPath}/${seen.file_hash}/content?bucket=open`).expect(200)
    await service.api.get('/public/open/file.txt').expect(200)
    for (const path of [hidden.id, crypto.randomUUID(), `${hidden.file_hash}`])
      expect(await download(service, path)).toBeProblem(401, 'access-key-needed')
    expect(await service.api.get('/public/closed/file.txt')).toBeProblem(404, 'file-not-found')
    expect(await service.api.get(`${filesPath}/${seen.id}`)).toBeProblem(401, 'access-key-needed')
  })

  it('says who made a file', async () => {
    const { body } = await upload(service, 'mine').set('x-api-key', admin).expect(201)
    expect(body.created_by).toBe(`key:${admin.slice(5, 17)}`)
  })

  it('answers under every host, because a name opens nothing', async () => {
    await list({ 'x-api-key': admin, host: 'files.example.com' }).expect(200)
  })
})
