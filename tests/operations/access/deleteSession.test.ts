import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { closed, rootKey } from '../../support/api/keys.ts'
import { fromOwnPage, logIn } from '../../support/api/session.ts'
import { sendRaw } from '../../support/sendRaw.ts'
import { type StartedService, startService } from '../../support/service.ts'

let service: StartedService
let byHttps: StartedService
beforeAll(async () => {
  service = await startService(closed)
  byHttps = await startService({ ...closed, PUBLIC_URL: 'https://files.example' })
})
afterAll(() => Promise.all([service, byHttps].map((each) => each.stop())))

const logOut = (by: StartedService, headers: Record<string, string> = fromOwnPage) =>
  sendRaw(by, 'DELETE', '/session', headers)

describe('deleteSession', () => {
  const end = 'Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly'

  it.each([
    ['by plain http', () => service, `upfile=; ${end}; SameSite=Strict`],
    ['by https', () => byHttps, `__Host-upfile=; ${end}; Secure; SameSite=Strict`],
  ])('lets the browser drop its cookie, with the attributes that it has: %s', async (_how, by, cookie) => {
    const answer = await logOut(by(), { ...fromOwnPage, Cookie: await logIn(by(), rootKey) })
    expect([answer.status, answer.bytes.length]).toEqual([204, 0])
    expect(answer.headers.get('set-cookie')).toBe(cookie)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('answers the same without a cookie, and with one that has ended', async () => {
    for (const headers of [fromOwnPage, { ...fromOwnPage, Cookie: 'upfile=old' }, {}])
      expect((await logOut(service, headers)).status).toBe(204)
  })

  it.each([
    ['of another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['of another port', { 'Sec-Fetch-Site': 'same-site' }],
    ['of another port, by plain http', { Origin: 'http://127.0.0.1:1' }],
  ])('is not for a page %s', async (_whose, headers) => {
    const answer = await logOut(service, headers)
    expect(answer).toBeProblem(403, 'foreign-page')
    expect(answer.headers.get('set-cookie')).toBeNull()
  })
})
