import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { filesPath } from '../support/client.ts'
import { sendRaw } from '../support/sendRaw.ts'
import { type StartedService, startService } from '../support/service.ts'

const foreign = [
  'evil.example',
  'EVIL.example',
  'evil.example.',
  'evil.example:8000',
  'files.example.evil.example',
  'evilfiles.example',
  'sub.files.example',
  'localhost.evil.example',
  'localhost.example',
  '127.0.0.1.evil.example',
  '127.0.0.1.nip.io',
  '127.0.0.999',
  '127.1',
  '0x7f.0.0.1',
  'xn--bcher-kva.example',
]
const harmless = [
  'localhost',
  'localhost:8000',
  'localhost.',
  'LOCALHOST',
  'app.localhost',
  'app.localhost:8000',
  '127.0.0.1',
  '127.0.0.1:8000',
  '192.168.1.20',
  '[::1]',
  '[::1]:8000',
  '[2001:db8::1]',
  'upfile',
  'upfile:8000',
]
const paths = [filesPath, '/', '/docs', '/openapi.json', '/livez', '/web/page.js', '/nowhere']

let closed: StartedService
let known: StartedService
let open: StartedService
let proxied: StartedService
beforeAll(async () => {
  closed = await startService()
  known = await startService({
    AUTH: 'off',
    PUBLIC_URL: 'https://Files.example:8443/base',
    ALLOWED_HOSTS: 'internal.example, Other.example',
  })
  open = await startService({ ALLOWED_HOSTS: '*' })
  proxied = await startService({ AUTH: 'off', TRUSTED_PROXIES: '1', ALLOWED_HOSTS: 'files.example' })
})
afterAll(() => Promise.all([closed, known, open, proxied].map((service) => service.stop())))

const ask = (service: StartedService, headers: Record<string, string>, method = 'GET', path = filesPath) =>
  sendRaw(service, method, path, headers)

describe('a request for a domain name that is not ours', () => {
  it.each(foreign)('is refused, whatever it asks for: %s', async (Host) => {
    for (const path of paths)
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
        const answer = await ask(closed, { Host }, method, path)
        expect([method, path, answer.status]).toEqual([method, path, 403])
      }
    const answer = await ask(closed, { Host })
    expect(answer).toBeProblem(403, 'host-not-allowed')
    expect(answer.body).toMatchObject({ detail: expect.stringMatching(/PUBLIC_URL.*ALLOWED_HOSTS/) })
  })

  it.each(foreign)('is refused beside names that are: %s', async (Host) => {
    expect(await ask(known, { Host })).toBeProblem(403, 'host-not-allowed')
  })

  it.each(['?', 'a b', 'evil example', '-', '%65vil.example', 'evil.example/x', 'evil@127.0.0.1'])(
    'is not helped by a host that is none: %j',
    async (Host) => {
      expect((await ask(closed, { Host, Origin: 'http://evil.example' }, 'POST')).status).toBe(403)
    },
  )

  it('is refused behind a trusted proxy, whatever the name of the proxy for us', async () => {
    const headers = { Host: '127.0.0.1', 'X-Forwarded-Host': 'evil.example' }
    expect(await ask(proxied, headers)).toBeProblem(403, 'host-not-allowed')
    const claimed = { Host: '127.0.0.1', 'X-Forwarded-Host': 'files.example, evil.example' }
    expect(await ask(proxied, claimed)).toBeProblem(403, 'host-not-allowed')
  })
})

describe('a request for a name that is ours', () => {
  it.each(harmless)('is served without a setting: %s', async (Host) => {
    expect((await ask(closed, { Host })).status).toBe(200)
  })

  it.each(['files.example', 'files.example:8443', 'FILES.example.', 'internal.example', 'other.example:1'])(
    'is served when a setting names it: %s',
    async (Host) => {
      expect((await ask(known, { Host })).status).toBe(200)
    },
  )

  it.each(foreign)('is any name with ALLOWED_HOSTS=*: %s', async (Host) => {
    expect((await ask(open, { Host })).status).toBe(200)
  })

  it('is the one that a trusted proxy forwards', async () => {
    const headers = { Host: 'backend.example', 'X-Forwarded-Host': 'files.example' }
    expect((await ask(proxied, headers)).status).toBe(200)
  })
})
