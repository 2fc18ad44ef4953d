import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newCredential, newSecret } from '../../../src/runtime/credentialText.ts'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { fromOwnPage, logIn, postSession } from '../../support/api/session.ts'
import { sendRaw } from '../../support/sendRaw.ts'
import { type StartedService, startService } from '../../support/service.ts'

let service: StartedService
let byHttps: StartedService
let proxied: StartedService
let listing: StartedService

beforeAll(async () => {
  service = await startService(closed)
  byHttps = await startService({ ...closed, PUBLIC_URL: 'https://files.example' })
  proxied = await startService({ ...closed, TRUSTED_PROXIES: '1' })
  listing = await startService({ ...closed, CORS_ORIGINS: '*' })
})
afterAll(() => Promise.all([service, byHttps, proxied, listing].map((each) => each.stop())))

describe('createSession', () => {
  const plain = /^upfile=[\w.-]+; Max-Age=43200; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/
  const secure =
    /^__Host-upfile=[\w.-]+; Max-Age=43200; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/

  it.each([
    ['by plain http', () => service, {}, plain],
    ['by plain http, whatever the client claims', () => service, { 'X-Forwarded-Proto': 'https' }, plain],
    ['by PUBLIC_URL with https', () => byHttps, {}, secure],
    ['by the https of a trusted proxy', () => proxied, { 'X-Forwarded-Proto': 'https' }, secure],
    ['by the http of a trusted proxy', () => proxied, { 'X-Forwarded-Proto': 'http' }, plain],
    ['by a trusted proxy that does not say', () => proxied, {}, plain],
    [
      'by plain http, when the client lies to a trusted proxy',
      () => proxied,
      { 'X-Forwarded-Proto': 'https, http' },
      plain,
    ],
  ])(
    'hands the browser a cookie that scripts and other sites cannot use: %s',
    async (_how, by, headers, form) => {
      const answer = await postSession(by(), rootKey, { ...fromOwnPage, ...headers })
      expect([answer.status, answer.bytes.length]).toEqual([204, 0])
      expect(answer.headers.get('set-cookie')).toMatch(form)
      expect(answer.headers.get('cache-control')).toBe('no-store')
    },
  )

  it('shows nothing of the key in the cookie but its id', async () => {
    const cookie = await logIn(service, rootKey)
    expect(cookie).toContain(rootKey.slice(5, 17))
    expect(cookie).not.toContain(rootKey.slice(17, 30))
  })

  it('takes a key that was pasted with spaces around it', async () => {
    expect((await postSession(service, ` ${rootKey}\n`)).status).toBe(204)
  })

  it('lasts as long as the key, if that is shorter', async () => {
    const { key } = await makeKey(service, { expires_in: 600 })
    const answer = await postSession(service, key)
    const [, seconds] = /Max-Age=(\d+)/.exec(answer.headers.get('set-cookie') ?? '') ?? []
    expect(Number(seconds)).toBeGreaterThan(590)
    expect(Number(seconds)).toBeLessThanOrEqual(600)
  })

  it('lasts for the rest of the overlap, with the secret before a rotation', async () => {
    const { id, key } = await makeKey(service)
    await holding(service, rootKey).api.post(`/keys/${id}/rotate`).send({ overlap_seconds: 100 }).expect(200)
    const answer = await postSession(service, key)
    const [, seconds] = /Max-Age=(\d+)/.exec(answer.headers.get('set-cookie') ?? '') ?? []
    expect(Number(seconds)).toBeGreaterThan(90)
    expect(Number(seconds)).toBeLessThanOrEqual(100)
    const cookie = answer.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
    expect((await sendRaw(service, 'GET', '/whoami', { Cookie: cookie })).status).toBe(200)
  })

  describe('refuses', () => {
    const ended = async (how: 'revoked' | 'expired') => {
      const { id, key } = await makeKey(service, how === 'expired' ? { expires_in: 1 } : {})
      if (how === 'revoked') await holding(service, rootKey).api.delete(`/keys/${id}`).expect(204)
      else await new Promise((resolve) => setTimeout(resolve, 1100))
      return key
    }

    it.each([
      ['a text that is no key', async () => 'hunter2', 'access-key-invalid'],
      ['a key with a wrong check', async () => `${rootKey.slice(0, -1)}_`, 'access-key-invalid'],
      ['an unknown key', async () => newCredential('key').text, 'access-key-invalid'],
      [
        'a key with another secret',
        async () => newSecret('key', (await makeKey(service)).id).text,
        'access-key-invalid',
      ],
      ['a revoked key', () => ended('revoked'), 'access-key-revoked'],
      ['an expired key', () => ended('expired'), 'access-key-expired'],
    ])('%s', async (_what, key, code) => {
      const answer = await postSession(service, await key(), fromOwnPage)
      expect(answer).toBeProblem(401, code)
      expect(answer.headers.get('set-cookie')).toBeNull()
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
    })

    it.each([
      ['no key', '{}', 400],
      ['an empty key', '{"key":""}', 400],
      ['a number', '{"key":7}', 400],
      ['more than a key', `{"key":"${rootKey}","seconds":1}`, 400],
      ['a text without end', `{"key":"${'x'.repeat(256)}"}`, 400],
      ['text', 'key', 400],
    ])('%s', async (_what, body, status) => {
      const headers = { 'Content-Type': 'application/json' }
      expect(await sendRaw(service, 'POST', '/session', headers, body)).toBeProblem(status)
    })

    it('a form, which every page can send', async () => {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
      expect(await sendRaw(service, 'POST', '/session', headers, `key=${rootKey}`)).toBeProblem(415)
    })

    it.each([
      ['of another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
      ['of another port', { Origin: 'http://127.0.0.1:1', 'Sec-Fetch-Site': 'same-site' }],
      ['of another site, by plain http', { Origin: 'http://evil.example' }],
      ['without an origin', { Origin: 'null' }],
    ])('a page %s, also where any origin may call the service', async (_whose, headers) => {
      for (const each of [service, listing]) {
        const answer = await postSession(each, rootKey, headers)
        expect(answer).toBeProblem(403, 'foreign-page')
        expect(answer.headers.get('set-cookie')).toBeNull()
      }
    })
  })
})
