import { newCredential } from '../../../src/runtime/credentialText.ts'
import { AUDIENCE, type Claims, goodClaims, ISSUER, signWithSecret } from '../issuer.ts'
import { type Api, createApi } from './agent.ts'

const secret = 'the secret that signs the tokens of tests'
const key = newCredential('key').text

/** The settings of a closed service with one admin key, which takes the tokens of users. */
export const userSettings = {
  ADMIN_KEYS: key,
  JWT_SECRET: secret,
  JWT_ISSUER: ISSUER,
  JWT_AUDIENCE: AUDIENCE,
} as const

interface Service {
  readonly url: string
}

/** Sends requests with the admin key. */
export function asAdmin({ url }: Service): Api {
  const api = createApi(url)
  api.set('x-api-key', key)
  return api
}

/** Sends requests with a token of these claims beside the good ones. */
export function withToken({ url }: Service, claims: Claims): Api {
  const api = createApi(url)
  api.set('Authorization', `Bearer ${signWithSecret(secret, goodClaims(claims))}`)
  return api
}

/** Sends the requests of a user. */
export const asUser = (service: Service, sub: string): Api => withToken(service, { sub })
