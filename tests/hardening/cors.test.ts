import { afterAll, describe, expect, it } from '@jest/globals'
import { filesPath, upload } from '../support/client.ts'
import { sendRaw } from '../support/sendRaw.ts'
import { startService } from '../support/service.ts'

const allowed = ['https://app.example', 'http://localhost:3000']
const foreign = [
  'null',
  '*',
  'https://evil.example',
  'http://app.example',
  'https://app.example.evil.example',
  'https://evil-app.example',
  'https://evilapp.example',
  'https://app.example.',
  'https://app.example:443',
  'https://app.example:8443',
  'https://app.example/',
  'https://app.example/path',
  'https://app.example?',
  'https://evil.example?https://app.example',
  'https://evil.example#https://app.example',
  'https://app.example@evil.example',
  'https://app.example%00.evil.example',
  'https://app.example%60.evil.example',
  'https://app.example_.evil.example',
  'https://sub.app.example',
  'https://app',
  'https://App.example',
  'HTTPS://app.example',
  'https:app.example',
  '//app.example',
  'app.example',
  'https://app.example https://evil.example',
  'https://app.example, https://app.example',
  'http://localhost',
  'http://localhost:30000',
  'http://127.0.0.1:3000',
  'http://[::1]:3000',
  'file://',
  'chrome-extension://app.example',
  '',
]

const service = await startService({ CORS_ORIGINS: allowed.join(',') })
const closed = await startService()
const open = await startService({ CORS_ORIGINS: '*' })
afterAll(() => Promise.all([service, closed, open].map((each) => each.stop())))

const path = `${filesPath}/${(await upload(service, 'a file')).body.id}`
const preflight = {
  'Access-Control-Request-Method': 'PUT',
  'Access-Control-Request-Headers': 'content-type,x-api-key',
}
const requests: readonly [method: string, path: string, headers?: Record<string, string>][] = [
  ['GET', path],
  ['HEAD', `${path}/content`],
  ['GET', `${path}/content`],
  ['GET', `${filesPath}/unknown`],
  ['GET', '/nowhere'],
  ['POST', filesPath],
  ['OPTIONS', path, preflight],
  ['OPTIONS', '*', preflight],
]

const corsHeaders = (headers: Headers) =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'))

describe('cross-origin requests', () => {
  it.each(foreign)('are not allowed from %j', async (origin) => {
    for (const [method, target, headers] of requests) {
      const answer = await sendRaw(service, method, target, { Origin: origin, ...headers })
      expect([method, target, ...corsHeaders(answer.headers)]).toEqual([method, target])
      expect(answer.headers.get('vary')).toMatch(/\bOrigin\b/)
    }
  })

  it.each(allowed)('are allowed from %s, which alone is named', async (origin) => {
    for (const [method, target, headers] of requests) {
      const answer = await sendRaw(service, method, target, { Origin: origin, ...headers })
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
      expect(answer.headers.get('access-control-expose-headers')).toMatch(
        /\bETag\b.*\bLink\b.*\bX-Request-Id\b.*\bRateLimit, RateLimit-Policy, WWW-Authenticate$/,
      )
      expect(answer.headers.get('vary')).toMatch(/\bOrigin\b/)
    }
  })

  it('are asked about once a day', async () => {
    const [origin = ''] = allowed
    const answer = await sendRaw(service, 'OPTIONS', path, { Origin: origin, ...preflight })
    expect(answer.status).toBe(204)
    expect(answer.bytes).toHaveLength(0)
    expect(answer.headers.get('access-control-max-age')).toBe('86400')
    const methods = answer.headers.get('access-control-allow-methods')?.split(', ')
    expect(methods).toEqual(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
    const names = answer.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')
    expect(names).toEqual(
      expect.arrayContaining([
        'content-type',
        'x-api-key',
        'authorization',
        'idempotency-key',
        'if-match',
        'range',
      ]),
    )
    expect(names).not.toContain('*')
  })

  const asked = async (headers: string, from = service) => {
    const [origin = ''] = allowed
    const answer = await sendRaw(from, 'OPTIONS', path, {
      Origin: origin,
      ...preflight,
      'Access-Control-Request-Headers': headers,
    })
    return answer.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')
  }

  it.each([
    'cache-control',
    'pragma',
    'traceparent,tracestate',
    'sentry-trace, baggage',
    'x-csrf-token',
    'x-datadog-trace-id,x-b3-traceid,uber-trace-id',
    'content-md5,digest',
    'X-Anything_At.All',
  ])('may have the headers that libraries add: %s', async (headers) => {
    for (const from of [service, open])
      expect(await asked(headers, from)).toEqual(expect.arrayContaining(headers.toLowerCase().split(/, ?/)))
    expect(await asked(headers, closed)).toBeUndefined()
  })

  it.each(['*', 'a b', 'a:b', 'a"b', 'x;y', 'ü', ''])('do not get %j named as a header', async (name) => {
    expect(await asked(`if-match,${name}`)).toEqual(await asked('if-match'))
  })

  it('say nothing about origins to those that come from none', async () => {
    for (const [method, target] of requests)
      expect(corsHeaders((await sendRaw(service, method, target)).headers)).toEqual([])
  })

  it.each([...allowed, 'null', 'https://evil.example'])(
    'are allowed from nowhere by default: %s',
    async (origin) => {
      for (const [method, target, headers] of requests) {
        const answer = await sendRaw(closed, method, target, { Origin: origin, ...headers })
        expect(corsHeaders(answer.headers)).toEqual([])
      }
    },
  )

  it.each([...allowed, 'null', 'https://evil.example'])(
    'are allowed from %s when all are, but never with credentials',
    async (origin) => {
      for (const [method, target, headers] of requests) {
        const answer = await sendRaw(open, method, target, { Origin: origin, ...headers })
        expect(answer.headers.get('access-control-allow-origin')).toBe('*')
        expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
      }
    },
  )
})

describe('a link, which is a credential in itself', () => {
  const linked: readonly [method: string, path: string][] = [
    ['GET', '/links/0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11/a.txt'],
    ['HEAD', '/links/%ff/a.txt/'],
    ['PUT', '/direct/0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11'],
    ['POST', '/direct/0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11?signature=x'],
    ['PUT', '/direct/0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11/parts/1'],
  ]

  it.each(['https://evil.example', 'null', ...allowed])(
    'may be used by a page of %s, whatever CORS_ORIGINS says',
    async (origin) => {
      for (const from of [service, closed, open])
        for (const [method, target] of linked)
          for (const [sent, headers] of [
            [method, {}],
            ['OPTIONS', preflight],
          ] as const) {
            const answer = await sendRaw(from, sent, target, { Origin: origin, ...headers })
            expect([sent, target, answer.headers.get('access-control-allow-origin')]).toEqual([
              sent,
              target,
              '*',
            ])
            expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
            expect(answer.headers.get('vary')).toMatch(/\bOrigin\b/)
            expect((answer.body as { code?: string } | undefined)?.code).not.toBe('foreign-page')
          }
    },
  )

  it.each([
    '/links',
    '/links/a',
    '/direct',
    '/Links/a/b',
    '/file/links/a',
    '/links/a/b/c',
    `${filesPath}?/links/a/b`,
  ])('is at no other path: %s', async (target) => {
    const answer = await sendRaw(closed, 'POST', target, { Origin: 'https://evil.example' })
    expect(answer).toBeProblem(403, 'foreign-page')
    expect(corsHeaders(answer.headers)).toEqual([])
  })
})
