import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type FileBody, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { list, nextPage } from '../support/pages.ts'
import { type StartedService, startService } from '../support/service.ts'

const spoofed = {
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Proto': 'https',
  Forwarded: 'host=evil.example',
}

/** Which hosts are served is another theme. */
const anyHost = { AUTH: 'off', TRUSTED_PROXIES: '1', ALLOWED_HOSTS: '*' }

/** Every address that the service gives out, asked for with these headers. */
async function addresses(service: StartedService, headers: Readonly<Record<string, string>>) {
  const created = await upload(service, freshText(), { headers })
  const raw = await putRaw(service, freshText(), { headers })
  const path = `${filesPath}/${created.body.id}`
  const found = await send<FileBody>(service, path, { headers })
  const refused = await send<{ file: FileBody }>(service, filesPath, {
    method: 'PUT',
    body: (await send(service, `${path}/content`)).bytes.toString(),
    headers,
  })
  const page = await send<FileBody[]>(service, `${filesPath}?limit=1`, { headers })
  return {
    given: [created.headers.get('location'), raw.headers.get('location'), nextPage(page)?.split('?')[0]],
    paths: [path, `${filesPath}/${raw.body.id}`, filesPath],
    contents: [created.body, found.body, refused.body.file].map((file) => file.content_url),
  }
}

async function expectBelow(base: string, service: StartedService, headers: Readonly<Record<string, string>>) {
  const { given, paths, contents } = await addresses(service, headers)
  expect(given).toEqual(paths.map((path) => `${base}${path}`))
  expect(contents).toEqual(Array(3).fill(`${base}${paths[0]}/content`))
}

describe('Without PUBLIC_URL and trusted proxies', () => {
  let service: StartedService
  beforeAll(async () => {
    service = await startService({ AUTH: 'off' }) // else it refuses what came through a proxy
  })
  afterAll(() => service.stop())

  it('every address is relative, whatever the headers claim', async () => {
    await expectBelow('', service, {})
    await expectBelow('', service, spoofed)
  })
})

describe('With PUBLIC_URL', () => {
  let service: StartedService
  beforeAll(async () => {
    service = await startService({ PUBLIC_URL: 'https://files.example.com/store/', ...anyHost })
  })
  afterAll(() => service.stop())

  it('every address lies below it, whatever the headers claim', async () => {
    await expectBelow('https://files.example.com/store', service, {})
    await expectBelow('https://files.example.com/store', service, spoofed)
  })

  it('a link to the next page leads there', async () => {
    for (let n = 0; n < 3; n++) await putRaw(service, freshText(), { query: '?bucket=pages' })
    const first = await list(service, '?bucket=pages&limit=2')
    const link = nextPage(first)?.replace('https://files.example.com/store', '') ?? ''
    expect((await send<FileBody[]>(service, link)).body).toHaveLength(1)
  })
})

describe('With one trusted proxy', () => {
  let service: StartedService
  beforeAll(async () => {
    service = await startService(anyHost)
  })
  afterAll(() => service.stop())

  it.each([
    ['https://files.example.com', { 'X-Forwarded-Host': 'files.example.com', 'X-Forwarded-Proto': 'https' }],
    ['https://files.example.com', { 'X-Forwarded-Host': 'files.example.com', 'X-Forwarded-Proto': 'HTTPS' }],
    ['http://files.example.com:8080', { 'X-Forwarded-Host': 'files.example.com:8080' }],
    ['http://[2001:db8::1]:80', { 'X-Forwarded-Host': '[2001:db8::1]:80', 'X-Forwarded-Proto': 'http' }],
    // Apache adds its value behind the client's; only the last one is its own.
    [
      'https://files.example.com',
      { 'X-Forwarded-Host': 'evil.example, files.example.com', 'X-Forwarded-Proto': 'http, https' },
    ],
    [
      'http://files.example.com',
      { 'X-Forwarded-Host': 'files.example.com', 'X-Forwarded-Proto': 'javascript' },
    ],
    ['', {}],
    ['', { 'X-Forwarded-Proto': 'https' }],
    ['', { 'X-Forwarded-Host': '' }],
    ['', { 'X-Forwarded-Host': 'files.example.com/path' }],
    ['', { 'X-Forwarded-Host': 'user@files.example.com' }],
    ['', { 'X-Forwarded-Host': '"><script>' }],
    ['', { 'X-Forwarded-Host': 'files.example.com>; rel="x", <evil' }],
  ])('every address lies below %j when it says %j', async (base, headers) => {
    await expectBelow(base, service, { ...headers })
  })
})
