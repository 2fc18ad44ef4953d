import { headerOf } from '../headerOf.ts'
import { sendRaw } from '../sendRaw.ts'
import type { TestService } from '../service.ts'

type Service = Pick<TestService, 'port'>
type Headers = Readonly<Record<string, string>>

/** Sends a key as the page does. */
export const postSession = (service: Service, key: unknown, headers: Headers = {}) =>
  sendRaw(
    service,
    'POST',
    '/session',
    { 'Content-Type': 'application/json', ...headers },
    JSON.stringify({ key }),
  )

/** Logs in. Returns the cookie as a browser sends it back. */
export async function logIn(service: Service, key: string, headers: Headers = {}): Promise<string> {
  const answer = await postSession(service, key, headers)
  if (answer.status !== 204) throw new Error(`The login is answered ${answer.status}.`)
  return headerOf(answer, 'set-cookie')?.split(';', 1)[0] ?? ''
}

/** What a browser sends with a request of a page of this service. */
export const fromOwnPage: Headers = { 'Sec-Fetch-Site': 'same-origin' }
