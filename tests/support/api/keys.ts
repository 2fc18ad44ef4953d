import type { components } from '../../../api/openapi.gen.ts'
import { newCredential } from '../../../src/runtime/credentialText.ts'
import type { TestService } from '../service.ts'
import { createApi } from './agent.ts'

type Service = Pick<TestService, 'url'>
type ShownKey = components['schemas']['ShownKey']

/** A key for ADMIN_KEYS, and the settings of a service that has it. */
export const rootKey = newCredential('key').text
export const closed: Readonly<Record<string, string>> = { AUTH: 'on', ADMIN_KEYS: rootKey }

/** The service as the holder of a key asks it; without a key, as a stranger does. */
export const holding = ({ url }: Service, key?: string) => ({
  url,
  api: key === undefined ? createApi(url) : createApi(url).set('x-api-key', key),
})

/** Makes a key with these fields, by the key of ADMIN_KEYS unless another one is given. */
export async function makeKey(
  service: Service,
  fields: Readonly<Record<string, unknown>> = {},
  by: string = rootKey,
): Promise<ShownKey> {
  const answer = await postKey(service, fields, by)
  if (answer.status !== 201)
    throw new Error(`A key is answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

let made = 0

/** Asks for a key with these fields, and for reading, under a new name, unless they say otherwise. */
export function postKey(
  service: Service,
  fields: Readonly<Record<string, unknown>> = {},
  by: string = rootKey,
) {
  made += 1
  return holding(service, by)
    .api.post('/keys')
    .send({ name: `key ${made}`, scopes: ['read'], ...fields })
}
