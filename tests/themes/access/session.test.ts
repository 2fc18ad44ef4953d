import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newCredential } from '../../../src/runtime/credentialText.ts'
import { upload } from '../../support/api/files.ts'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { makeBucket, putNamed } from '../../support/api/named.ts'
import { fromOwnPage, logIn } from '../../support/api/session.ts'
import { filesPath } from '../../support/client.ts'
import { eventually } from '../../support/eventually.ts'
import { sendRaw } from '../../support/sendRaw.ts'
import { type StartedService, startService } from '../../support/service.ts'

let service: StartedService
let byHttps: StartedService
let listing: StartedService
/** A private file. */
let file: string

beforeAll(async () => {
  service = await startService(closed)
  byHttps = await startService({ ...closed, PUBLIC_URL: 'https://files.example' })
  listing = await startService({ ...closed, CORS_ORIGINS: 'https://app.example' })
  const { body } = await upload(holding(service, rootKey), 'a private file').expect(201)
  file = `${filesPath}/${body.id}`
})
afterAll(() => Promise.all([service, byHttps, listing].map((each) => each.stop())))

type Headers = Record<string, string>
const get = (path: string, headers: Headers, from = service) => sendRaw(from, 'GET', path, headers)
const whoami = async (headers: Headers, from = service) => (await get('/whoami', headers, from)).body

/** The header that removes the cookie. */
const removal = /^(__Host-)?upfile=; .*Expires=Thu, 01 Jan 1970/

describe('a session', () => {
  it('reads, shows and downloads without any other header', async () => {
    const cookie = { Cookie: await logIn(service, rootKey) }
    for (const path of [filesPath, file, `${file}/content?disposition=inline`, '/buckets', '/whoami'])
      expect([path, (await get(path, cookie)).status]).toEqual([path, 200])
    const part = await get(`${file}/content`, { ...cookie, Range: 'bytes=2-8' })
    expect([part.status, part.bytes.toString()]).toEqual([206, 'private'])
  })

  it('may do what its key may, and no more', async () => {
    const { id, key } = await makeKey(service, { scopes: ['read'], buckets: ['default'] })
    const headers = { ...fromOwnPage, Cookie: await logIn(service, key) }
    expect(await whoami(headers)).toMatchObject({ actor: `key:${id}`, kind: 'key', scopes: ['read'] })
    expect((await get(file, headers)).status).toBe(200)
    expect(await get(filesPath, headers)).toBeProblem(403, 'scope-missing')
    expect(await sendRaw(service, 'DELETE', file, headers)).toBeProblem(403, 'scope-missing')
  })

  it('stands back where there is another credential', async () => {
    const { id, key } = await makeKey(service)
    const Cookie = await logIn(service, rootKey)
    const basic = (password: string) => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`
    for (const headers of [
      { 'X-Api-Key': key },
      { Authorization: `Bearer ${key}` },
      { Authorization: basic(key) },
    ])
      expect(await whoami({ Cookie, ...headers })).toMatchObject({ actor: `key:${id}` })
    // A password of a proxy in front is no credential of ours.
    expect(await whoami({ Cookie, Authorization: basic('hunter2') })).toMatchObject({ scopes: ['admin'] })
    expect(await get(file, { Cookie, 'X-Api-Key': newCredential('key').text })).toBeProblem(
      401,
      'access-key-invalid',
    )
  })

  it('that has ended stands back, too', async () => {
    const answer = await get(file, { Cookie: 'upfile=old', 'X-Api-Key': rootKey })
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([200, null])
  })
})

describe('a page of this service', () => {
  const form = '--b\r\nContent-Disposition: form-data; name="upfile"; filename="a"\r\n\r\nforged\r\n--b--\r\n'
  const multipart = 'multipart/form-data; boundary=b'
  const changes = [
    ['POST', () => filesPath, multipart, form],
    ['PUT', () => filesPath, 'text/plain', 'forged'],
    ['PUT', () => file, 'application/json', '{"file_name":"forged"}'],
    ['DELETE', () => file, 'text/plain', ''],
    ['POST', () => '/buckets', 'application/json', '{"name":"forged"}'],
    ['POST', () => '/keys', 'application/json', '{"name":"forged","scopes":["admin"]}'],
    ['POST', () => '/presigned-url', 'application/json', '{"filename":"a","type":"image/gif","file_size":1}'],
    ['GET', () => '/s3/params?filename=forged', 'text/plain', ''],
  ] as const
  const own = () => `http://127.0.0.1:${service.port}`
  const foreign: readonly [string, () => Headers][] = [
    ['no page at all', () => ({})],
    ['an address that was typed', () => ({ 'Sec-Fetch-Site': 'none' })],
    ['a page of another site', () => ({ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' })],
    ['a page of a neighbour', () => ({ Origin: 'https://a.example', 'Sec-Fetch-Site': 'same-site' })],
    ['a neighbour that says no origin', () => ({ 'Sec-Fetch-Site': 'same-site' })],
    ['a neighbour that claims our origin', () => ({ Origin: own(), 'Sec-Fetch-Site': 'same-site' })],
    [
      'a page that CORS_ORIGINS lists',
      () => ({ Origin: 'https://app.example', 'Sec-Fetch-Site': 'same-site' }),
    ],
    ['such a page by plain http', () => ({ Origin: 'https://app.example' })],
    ['a page of another port, by plain http', () => ({ Origin: 'http://127.0.0.1:1' })],
    ['a page without an origin', () => ({ Origin: 'null' })],
    ['something new of a browser', () => ({ 'Sec-Fetch-Site': 'same-planet' })],
  ]

  it.each(foreign)('alone may make changes by the cookie, not %s', async (_who, headers) => {
    for (const from of [service, listing]) {
      const Cookie = await logIn(from, rootKey)
      for (const [method, path, type, body] of changes) {
        const sent = { Cookie, 'Content-Type': type, ...headers() }
        const answer = await sendRaw(from, method, path(), sent, body)
        expect([method, path(), answer.status]).toEqual([method, path(), 403])
        expect(answer).toBeProblem(403, 'foreign-page')
      }
      const { body } = await holding(from, rootKey).api.get(filesPath)
      expect(JSON.stringify(body)).not.toMatch(/forged/)
      expect(JSON.stringify((await holding(from, rootKey).api.get('/keys')).body)).not.toMatch(/forged/)
    }
  })

  it.each([
    ['no page at all', {}],
    ['a page that CORS_ORIGINS lists', { Origin: 'https://app.example', 'Sec-Fetch-Site': 'cross-site' }],
  ])('is not needed where a key is sent, also beside the cookie: by %s', async (_who, headers) => {
    const sent = { 'X-Api-Key': rootKey, Cookie: await logIn(listing, rootKey), ...headers }
    const answer = await sendRaw(listing, 'PUT', `${filesPath}?duplicates=allow`, sent, 'by a key')
    expect(answer.status).toBe(201)
  })

  it.each([
    ['says so', () => ({ 'Sec-Fetch-Site': 'same-origin' })],
    ['says so, and its origin', () => ({ Origin: own(), 'Sec-Fetch-Site': 'same-origin' })],
    ['says its origin, by plain http', () => ({ Origin: own() })],
  ])('makes changes when it %s', async (_how, headers) => {
    const Cookie = await logIn(service, rootKey)
    const sent = { Cookie, 'Content-Type': multipart, ...headers() }
    const stored = await sendRaw(service, 'POST', `${filesPath}?duplicates=allow`, sent, form)
    expect(stored.status).toBe(201)
    const { id } = stored.body as { id: string }
    expect((await sendRaw(service, 'DELETE', `${filesPath}/${id}`, { Cookie, ...headers() })).status).toBe(
      201,
    )
    expect((await get('/s3/params?filename=a', { Cookie, ...headers() })).status).toBe(200)
  })

  it('never gets permission to send the cookie from elsewhere', async () => {
    const Cookie = await logIn(listing, rootKey)
    for (const [method, path] of [
      ['GET', filesPath],
      ['OPTIONS', filesPath],
      ['POST', '/session'],
    ] as const) {
      const headers = { Cookie, Origin: 'https://app.example', 'Access-Control-Request-Method': 'POST' }
      const answer = await sendRaw(listing, method, path, headers)
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    }
  })
})

describe('a cookie', () => {
  it.each([
    ['of another form', async () => 'upfile=admin'],
    ['that is empty', async () => 'upfile='],
    ['in quotes', async () => `upfile="${(await logIn(service, rootKey)).slice(7)}"`],
    ['of another service', async () => await logIn(listing, (await makeKey(listing)).key)],
    [
      'of a key that is not there',
      async () => `upfile=${newCredential('key').id}.4000000000.${'a'.repeat(43)}`,
    ],
    [
      'with a later end',
      async () => (await logIn(service, rootKey)).replace(/\.(\d+)\./, (_, end) => `.${Number(end) + 1}.`),
    ],
    [
      'beside another of its name, wherever that comes from',
      async () => `upfile=${newCredential('key').id}; ${await logIn(service, rootKey)}`,
    ],
    [
      'beside another of its name, in the other order',
      async () => `${await logIn(service, rootKey)}; upfile=tossed`,
    ],
    ['that is there twice', async () => `${await logIn(service, rootKey)}; ${await logIn(service, rootKey)}`],
  ])('is no session, and is removed: one %s', async (_what, cookie) => {
    for (const path of [filesPath, file, `${file}/content`, '/whoami']) {
      const answer = await get(path, { Cookie: await cookie() })
      expect(answer).toBeProblem(401, 'session-invalid')
      expect(answer.headers.get('set-cookie')).toMatch(removal)
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
    }
  })

  it('is ignored where nobody is asked for a credential', async () => {
    const root = holding(service, rootKey)
    await makeBucket(root, 'shown', { visibility: 'public' }).expect(201)
    await putNamed(root, 'a.txt', 'a public file', { bucket: 'shown' }).expect(201)
    const { body } = await root.api.get(`${filesPath}?bucket=shown`)
    const paths = ['/', '/livez', '/docs', '/public/shown/a.txt', `${filesPath}/${body[0].id}/content`]
    for (const path of paths) {
      const answer = await get(path, { Cookie: 'upfile=old' })
      expect([path, answer.status, answer.headers.get('set-cookie')]).toEqual([path, 200, null])
    }
  })

  it('is ignored by an open service', async () => {
    const open = await startService()
    const sent = { Cookie: 'upfile=old', 'Sec-Fetch-Site': 'none' }
    const answer = await sendRaw(open, 'PUT', filesPath, sent, 'a file')
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([201, null])
    await open.stop()
  })

  it('that a neighbour planted by plain http counts for nothing by https', async () => {
    const cookie = await logIn(byHttps, rootKey)
    expect(cookie).toMatch(/^__Host-upfile=/)
    const value = cookie.slice(cookie.indexOf('=') + 1)
    expect((await get(filesPath, { Cookie: cookie }, byHttps)).status).toBe(200)
    expect((await get(filesPath, { Cookie: `upfile=tossed; ${cookie}` }, byHttps)).status).toBe(200)
    for (const name of ['upfile', '__host-upfile', 'x__Host-upfile', '__Host-upfile2', '__Secure-upfile'])
      expect(await get(filesPath, { Cookie: `${name}=${value}` }, byHttps)).toBeProblem(
        401,
        'access-key-needed',
      )
  })
})

describe('a session ends', () => {
  const until401 = async (Cookie: string, from = service) => {
    const began = performance.now()
    await eventually(async () =>
      expect(await get(filesPath, { Cookie }, from)).toBeProblem(401, 'session-invalid'),
    )
    return performance.now() - began
  }
  const listKey = { scopes: ['read', 'list'] }

  it('within a second when its key is revoked', async () => {
    const { id, key } = await makeKey(service, listKey)
    const cookie = await logIn(service, key)
    expect((await get(filesPath, { Cookie: cookie })).status).toBe(200)
    await holding(service, rootKey).api.delete(`/keys/${id}`).expect(204)
    expect(await until401(cookie)).toBeLessThan(1100)
  })

  it.each([0, 86_400])(
    'within a second when its key is rotated, with an overlap of %i s',
    async (overlap) => {
      const { id, key } = await makeKey(service, listKey)
      const cookie = await logIn(service, key)
      const { api } = holding(service, rootKey)
      const { body } = await api.post(`/keys/${id}/rotate`).send({ overlap_seconds: overlap }).expect(200)
      expect(await until401(cookie)).toBeLessThan(1100)
      expect((await get(filesPath, { Cookie: await logIn(service, body.key) })).status).toBe(200)
    },
  )

  it('with its key, to the second', async () => {
    const { key } = await makeKey(service, { ...listKey, expires_in: 2 })
    const cookie = await logIn(service, key)
    expect((await get(filesPath, { Cookie: cookie })).status).toBe(200)
    await wait(2000)
    expect(await get(filesPath, { Cookie: cookie })).toBeProblem(401, 'session-invalid')
  })

  it('after SESSION_SECONDS, also for a browser that keeps the cookie', async () => {
    const short = await startService({ ...closed, SESSION_SECONDS: '2' })
    const cookie = await logIn(short, rootKey)
    expect((await get(filesPath, { Cookie: cookie }, short)).status).toBe(200)
    await wait(2000)
    expect(await get(filesPath, { Cookie: cookie }, short)).toBeProblem(401, 'session-invalid')
    await short.stop()
  })

  it('with the key of ADMIN_KEYS that began it', async () => {
    const cookie = await logIn(service, rootKey)
    const other = await startService({
      ...service.settings,
      AUTH: 'on',
      ADMIN_KEYS: newCredential('key').text,
    })
    expect(await get(filesPath, { Cookie: cookie }, other)).toBeProblem(401, 'session-invalid')
    await other.stop()
  })
})
