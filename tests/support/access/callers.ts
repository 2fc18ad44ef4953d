import type { Scope } from '../../../src/model/actor.ts'
import { newCredential, newSecret } from '../../../src/runtime/credentialText.ts'
import { holding, makeKey, rootKey } from '../api/keys.ts'
import { fromOwnPage, logIn } from '../api/session.ts'
import type { TestService } from '../service.ts'

/** Somebody with a credential, or without one. */
export interface Caller {
  readonly called: string
  readonly headers: Readonly<Record<string, string>>
  /** A key in the address, which no operation takes. */
  readonly inAddress?: string
  /** What the credential itself gets, whatever it is shown for. */
  readonly refusal?: string
  /** What the credential allows; undefined for a caller without one. */
  readonly scopes?: readonly Scope[]
  readonly outside?: 'bucket' | 'prefix'
  /** Whether the caller has a session, and does not come from a page of the service. */
  readonly foreign?: boolean
}

type Headers = Readonly<Record<string, string>>
type Service = Pick<TestService, 'url' | 'port'>

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** Where a key may stand. */
const places: readonly [place: string, headers: (key: string) => Headers][] = [
  ['in x-api-key', (key) => ({ 'X-Api-Key': key })],
  ['as a bearer', (key) => ({ Authorization: `Bearer ${key}` })],
  ['as a password', (key) => ({ Authorization: basic('me', key) })],
  ['as a user', (key) => ({ Authorization: basic(key, '') })],
]

/** Every caller that the matrix tries. */
export async function makeCallers(service: Service): Promise<readonly Caller[]> {
  const everywhere = (called: string, key: string, rest: Omit<Caller, 'called' | 'headers'>): Caller[] =>
    places.map(([place, headers]) => ({ called: `${called} ${place}`, headers: headers(key), ...rest }))

  const read = (await makeKey(service, { scopes: ['read'] })).key
  const allowed = [
    ...(['read', 'list', 'write', 'delete', 'admin'] as const).map(
      (scope) => [`a key to ${scope}`, { scopes: [scope] }] as const,
    ),
    ['a key for another bucket', { scopes: ['admin'], buckets: ['elsewhere'], outside: 'bucket' }] as const,
    ['a key for other names', { scopes: ['admin'], prefix: 'elsewhere/', outside: 'prefix' }] as const,
  ]
  const callers: Caller[] = [
    { called: 'nobody', headers: {} },
    { called: "a proxy's user", headers: { Authorization: basic('me', 'hunter2') } },
    {
      called: 'a session that is forged',
      headers: { ...fromOwnPage, Cookie: 'upfile=x' },
      refusal: '401 session-invalid',
    },
    ...(await brokenKeys(service)).flatMap(([called, key, code]) =>
      everywhere(called, key, { refusal: `401 ${code}` }),
    ),
    ...[
      { 'X-Api-Key': read, Authorization: `Bearer ${rootKey}` },
      { 'X-Api-Key': read, Authorization: `Bearer ${read}` },
      { 'X-Api-Key': `${read}, ${rootKey}` },
      { 'X-Api-Key': rootKey, Authorization: basic(newCredential('key').text, '') },
    ].map((headers, index) => ({
      called: `two keys, ${index}`,
      headers,
      refusal: '400 credentials-ambiguous',
    })),
    ...[read, rootKey, newCredential('key').text].map((inAddress, index) => ({
      ...{ called: `a key in the address, ${index}`, headers: { 'X-Api-Key': rootKey }, inAddress },
    })),
    {
      called: 'a key to read, beside the session of another',
      headers: { 'X-Api-Key': read, Cookie: await logIn(service, rootKey) },
      scopes: ['read'],
    },
  ]
  for (const [called, { outside, ...fields }] of allowed.map(
    ([name, rest]) => [name, { outside: undefined, ...rest }] as const,
  )) {
    const { key } = await makeKey(service, fields)
    const rights = { scopes: fields.scopes, ...(outside && { outside }) }
    const session = { Cookie: await logIn(service, key), ...rights }
    callers.push(
      ...everywhere(called, key, rights),
      { called: `${called}, by a session`, headers: { ...fromOwnPage, Cookie: session.Cookie }, ...rights },
      {
        ...{ called: `${called}, by a session from nowhere`, headers: { Cookie: session.Cookie }, ...rights },
        foreign: true,
      },
    )
  }
  return callers
}

/** Keys of the right form, or nearly, that are none, or no longer. */
async function brokenKeys(service: Service): Promise<readonly [called: string, key: string, code: string][]> {
  const { id, key } = await makeKey(service)
  const short = await makeKey(service, { expires_in: 1 })
  const revoked = await makeKey(service)
  await holding(service, rootKey).api.delete(`/keys/${revoked.id}`).expect(204)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  return [
    ['a malformed key', `${key.slice(0, -1)}_`, 'access-key-invalid'],
    ['an unknown key', newCredential('key').text, 'access-key-invalid'],
    ['a key with a wrong secret', newSecret('key', id).text, 'access-key-invalid'],
    ['a key that has expired', short.key, 'access-key-expired'],
    ['a key that was revoked', revoked.key, 'access-key-revoked'],
  ]
}
