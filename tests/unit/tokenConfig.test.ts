import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../src/config.ts'

const load = (env: Record<string, string>) => loadConfig(env).access.tokens

const url = 'https://issuer.example/.well-known/jwks.json'
const secret = 'a secret of the issuer, 32 letters'
const checked = { JWT_ISSUER: 'https://issuer.example/', JWT_AUDIENCE: 'files' }

describe('The settings of tokens', () => {
  it('are none by default', () => {
    expect(load({})).toBeUndefined()
    expect(load({ JWT_OWNER_CLAIM: 'email' })).toBeUndefined()
  })

  it('are an address of keys, an issuer, an audience and the names of claims', () => {
    expect(load({ ...checked, JWT_JWKS_URL: url })).toEqual({
      proof: { kind: 'published', url },
      issuer: 'https://issuer.example/',
      audience: 'files',
      claims: { owner: 'sub', scope: 'scope', buckets: undefined },
    })
    const names = { JWT_OWNER_CLAIM: 'email', JWT_SCOPE_CLAIM: 'permissions', JWT_BUCKETS_CLAIM: 'buckets' }
    expect(load({ ...checked, ...names, JWT_SECRET: secret })).toMatchObject({
      proof: { kind: 'secret', secret },
      claims: { owner: 'email', scope: 'permissions', buckets: 'buckets' },
    })
  })

  it('say with * that the issuer or the audience is not checked', () => {
    const unchecked = { JWT_JWKS_URL: url, JWT_ISSUER: '*', JWT_AUDIENCE: '*' }
    expect(load(unchecked)).toMatchObject({ issuer: undefined, audience: undefined })
  })

  it.each([
    'https://b2clogin.example/keys?p=policy',
    'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
    'http://127.0.0.1:8080/keys',
    'http://localhost/keys/',
    'http://[::1]:8080/keys',
  ])('take the keys from %s, as it is written', (address) => {
    expect(load({ ...checked, JWT_JWKS_URL: address })).toMatchObject({
      proof: { kind: 'published', url: address },
    })
  })

  it.each<[string, Record<string, string>, string]>([
    ['keys by plain HTTP', { ...checked, JWT_JWKS_URL: 'http://keycloak:8080/keys' }, 'JWT_JWKS_URL'],
    ['a password in the address', { ...checked, JWT_JWKS_URL: 'https://a:b@c/keys' }, 'JWT_JWKS_URL'],
    ['a file', { ...checked, JWT_JWKS_URL: 'file:///keys' }, 'JWT_JWKS_URL'],
    ['no address', { ...checked, JWT_JWKS_URL: 'issuer.example' }, 'JWT_JWKS_URL'],
    ['two proofs', { ...checked, JWT_JWKS_URL: url, JWT_SECRET: secret }, 'JWT_SECRET'],
    ['a short secret', { ...checked, JWT_SECRET: 'x'.repeat(31) }, 'JWT_SECRET'],
    ['no issuer', { JWT_SECRET: secret, JWT_AUDIENCE: '*' }, 'JWT_ISSUER'],
    ['no audience', { JWT_SECRET: secret, JWT_ISSUER: '*' }, 'JWT_AUDIENCE'],
    ['an issuer without a proof', { JWT_ISSUER: 'https://issuer.example/' }, 'JWT_JWKS_URL'],
  ])('refuse %s', (_case, env, name) => {
    expect(() => load(env)).toThrow(name)
  })

  it('show no secret in a refusal', () => {
    const short = 'hunter2'
    expect(() => load({ JWT_SECRET: short })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(short) }),
    )
  })
})
