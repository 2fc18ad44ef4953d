import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { filesPath, upload } from '../support/client.ts'
import { sendRaw } from '../support/sendRaw.ts'
import { type StartedService, startService } from '../support/service.ts'

const listed = 'https://app.example'
const type = 'multipart/form-data; boundary=b'
const form = '--b\r\nContent-Disposition: form-data; name="upfile"; filename="a"\r\n\r\nforged\r\n--b--\r\n'

let closed: StartedService
let listing: StartedService
let open: StartedService
let known: StartedService
let proxied: StartedService
let path: string

beforeAll(async () => {
  closed = await startService()
  listing = await startService({ CORS_ORIGINS: listed })
  open = await startService({ CORS_ORIGINS: '*' })
  known = await startService({ AUTH: 'off', PUBLIC_URL: 'https://files.example/base' })
  proxied = await startService({ AUTH: 'off', TRUSTED_PROXIES: '1', ALLOWED_HOSTS: 'files.example' })
  path = `${filesPath}/${(await upload(closed, 'a file')).body.id}`
})
afterAll(() => Promise.all([closed, listing, open, known, proxied].map((service) => service.stop())))

/** The origin of a page that this service sent. */
const own = ({ port }: StartedService) => `http://127.0.0.1:${port}`
const uploadFrom = (service: StartedService, headers: Record<string, string>) =>
  sendRaw(service, 'POST', `${filesPath}?duplicates=allow`, { 'Content-Type': type, ...headers }, form)

describe('a page of another origin', () => {
  const changes = [
    ['POST', () => filesPath, type, form],
    ['PUT', () => filesPath, 'text/plain', 'forged'],
    ['PUT', () => '/file/default/forged.txt', 'text/plain', 'forged'],
    ['PUT', () => path, 'application/json', '{"file_name":"forged"}'],
    ['DELETE', () => path, 'text/plain', ''],
    ['DELETE', () => '/buckets/default', 'text/plain', ''],
    ['POST', () => '/buckets', 'application/json', '{"name":"forged"}'],
    ['POST', () => '/nowhere', 'text/plain', ''],
    ['GET', () => '/s3/params?filename=forged', 'text/plain', ''],
    ['GET', () => '/s3/params/?filename=forged', 'text/plain', ''],
  ] as const
  const pages: readonly [page: string, headers: () => Record<string, string>][] = [
    ['of another site', () => ({ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' })],
    ['without an origin of its own', () => ({ Origin: 'null', 'Sec-Fetch-Site': 'cross-site' })],
    ['that says no origin', () => ({ 'Sec-Fetch-Site': 'cross-site' })],
    ['of a sibling that says no origin', () => ({ 'Sec-Fetch-Site': 'same-site' })],
    [
      'of another port',
      () => ({ Origin: `http://127.0.0.1:${closed.port + 1}`, 'Sec-Fetch-Site': 'same-site' }),
    ],
    [
      'of another port of localhost',
      () => ({ Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-site' }),
    ],
    ['of another site, in a browser on plain http', () => ({ Origin: 'http://evil.example' })],
    ['without an origin, in a browser on plain http', () => ({ Origin: 'null' })],
    ['of another port, in a browser on plain http', () => ({ Origin: 'http://127.0.0.1:1' })],
    ['that says nothing of use', () => ({ Origin: 'evil' })],
    ['whose origin begins as ours', () => ({ Origin: `${own(closed)}.evil.example` })],
    ['whose origin holds ours', () => ({ Origin: `http://evil.example@127.0.0.1:${closed.port}x` })],
    [
      'of this site and of another',
      () => ({ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' }),
    ],
  ]

  it.each(pages)('may change nothing: one %s', async (_page, headers) => {
    for (const [method, target, contentType, body] of changes) {
      const answer = await sendRaw(
        closed,
        method,
        target(),
        { 'Content-Type': contentType, ...headers() },
        body,
      )
      expect([method, target(), answer.status]).toEqual([method, target(), 403])
      expect(answer).toBeProblem(403, 'foreign-page')
      expect(answer.body).toMatchObject({ detail: expect.stringMatching(/CORS_ORIGINS.*PUBLIC_URL/) })
    }
  })

  it('may change nothing when another origin may', async () => {
    expect(await uploadFrom(listing, { Origin: 'https://evil.example' })).toBeProblem(403, 'foreign-page')
  })

  it.each(['cross-site', 'same-site', undefined])(
    'may change what it likes when its origin, or any, is listed (%s)',
    async (site) => {
      const headers = { Origin: listed, ...(site && { 'Sec-Fetch-Site': site }) }
      for (const service of [listing, open]) expect((await uploadFrom(service, headers)).status).toBe(201)
    },
  )

  it('reads no more than any client, and its scripts read nothing', async () => {
    const headers = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
    for (const method of ['GET', 'HEAD']) {
      const answer = await sendRaw(closed, method, filesPath, headers)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    }
  })
})

describe('a page of this service, or no page', () => {
  it.each([
    ['its page', () => uploadFrom(closed, { Origin: own(closed), 'Sec-Fetch-Site': 'same-origin' })],
    ['its page, in a browser on plain http', () => uploadFrom(closed, { Origin: own(closed) })],
    ['an address that was typed', () => uploadFrom(closed, { 'Sec-Fetch-Site': 'none' })],
    ['no browser', () => uploadFrom(closed, {})],
    [
      'its page on another name of this machine',
      () => uploadFrom(closed, { Host: 'localhost', Origin: 'http://localhost' }),
    ],
    ['its page on the usual port', () => uploadFrom(closed, { Host: 'files:80', Origin: 'http://files' })],
    ['its page behind a proxy for TLS', () => uploadFrom(closed, { Host: 'files', Origin: 'https://files' })],
    ['the page of PUBLIC_URL', () => uploadFrom(known, { Origin: 'https://files.example' })],
    [
      'the page of the host that a trusted proxy forwards',
      () => uploadFrom(proxied, { 'X-Forwarded-Host': 'files.example', Origin: 'https://files.example' }),
    ],
  ])('may make changes: %s', async (_page, answer) => {
    expect((await answer()).status).toBe(201)
  })

  it('is not known by a host that a client claims to forward', async () => {
    const headers = { 'X-Forwarded-Host': 'evil.example', Origin: 'https://evil.example' }
    expect(await uploadFrom(closed, headers)).toBeProblem(403, 'foreign-page')
  })
})
