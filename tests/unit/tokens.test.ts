import { createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { TokenConfig } from '../../src/config/tokens.ts'
import { createTokens } from '../../src/domain/access/tokens.ts'
import { createLogger } from '../../src/logger.ts'
import type { Tokens } from '../../src/model/token.ts'
import {
  AUDIENCE,
  createSigningKey,
  goodClaims,
  ISSUER,
  type Issuer,
  signToken,
  signWithSecret,
  startIssuer,
  unsigned,
} from '../support/issuer.ts'

const logger = createLogger({ level: 'critical', directory: undefined, console: false })
let seconds = Date.now() / 1000
const clock = { now: () => seconds, adjust: async () => {} }
const claims = { owner: 'sub', scope: 'scope', buckets: undefined }

const tokensWith = (config: Partial<TokenConfig>): Tokens =>
  createTokens(
    {
      proof: { kind: 'secret', secret },
      issuer: ISSUER,
      audience: AUDIENCE,
      claims,
      ...config,
    },
    { clock, logger },
  )

const secret = 'a secret that the issuer and the service share'
const rsa = createSigningKey('RS256')
const stranger = createSigningKey('RS256', { kid: rsa.kid })
const keys = [rsa, ...['PS256', 'ES256', 'EdDSA'].map((alg) => createSigningKey(alg))]
let issuer: Issuer
let tokens: Tokens
beforeAll(async () => {
  issuer = await startIssuer(keys)
  tokens = tokensWith({ proof: { kind: 'published', url: issuer.url } })
})
afterAll(async () => {
  tokens.close()
  await issuer.close()
})

const now = () => Math.floor(seconds)
const without = (name: string) => ({ ...goodClaims(), [name]: undefined })
const replaceAt = (token: string, part: number, change: (text: string) => string) =>
  token
    .split('.')
    .map((text, index) => (index === part ? change(text) : text))
    .join('.')

describe('A token', () => {
  it.each(keys.map((key) => [key.alg, key] as const))(
    'signed with %s speaks for its subject',
    async (_alg, key) => {
      const expires = now() + 600
      expect(await tokens.verify(signToken(key, goodClaims({ exp: expires })))).toEqual({
        owner: 'anna',
        scopes: undefined,
        buckets: ['*'],
        expires,
      })
    },
  )

  it('signed with the secret speaks for its subject', async () => {
    const bySecret = tokensWith({})
    expect(await bySecret.verify(signWithSecret(secret, goodClaims()))).toMatchObject({ owner: 'anna' })
    await expect(bySecret.verify(signWithSecret('another secret', goodClaims()))).rejects.toMatchObject({
      code: 'token-invalid',
    })
    await expect(bySecret.verify(signToken(rsa, goodClaims()))).rejects.toMatchObject({
      code: 'token-invalid',
    })
  })

  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
  const der = createPublicKey(pem).export({ type: 'spki', format: 'der' })
  it.each<[string, () => string, RegExp]>([
    ['without a signature', () => unsigned(goodClaims(), { kid: rsa.kid }), /"alg"/],
    ['with the algorithm None', () => unsigned(goodClaims(), { alg: 'None', kid: rsa.kid }), /"alg"/],
    ['without an algorithm', () => signToken(rsa, goodClaims(), { alg: undefined }), /signed JWT/],
    ['signed with the public key as a secret', () => signWithSecret(pem.toString(), goodClaims()), /"alg"/],
    ['signed with the public key in DER', () => signWithSecret(der, goodClaims(), { kid: rsa.kid }), /"alg"/],
    ['of the key of a stranger', () => signToken(stranger, goodClaims()), /signature/],
    ['of an unknown key', () => signToken(createSigningKey('ES256'), goodClaims()), /no key of its "kid"/],
    [
      'that brings its own key',
      () =>
        signToken({ ...stranger, kid: 'x' }, goodClaims(), {
          jwk: stranger.publicKey.export({ format: 'jwk' }),
          jku: issuer.url,
        }),
      /no key/,
    ],
    ['of another algorithm of the same key', () => signToken(rsa, goodClaims(), { alg: 'RS512' }), /"alg"/],
    ['that wants an extension', () => signToken(rsa, goodClaims(), { crit: ['x'], x: 1 }), /signature/],
    [
      'whose claims were changed',
      () =>
        replaceAt(signToken(rsa, goodClaims()), 1, () =>
          Buffer.from(JSON.stringify(goodClaims({ sub: 'eve' }))).toString('base64url'),
        ),
      /signature/,
    ],
    ['whose signature is empty', () => replaceAt(signToken(rsa, goodClaims()), 2, () => ''), /signature/],
    ['of a foreign issuer', () => signToken(rsa, goodClaims({ iss: 'https://evil.example/' })), /"iss"/],
    ['without an issuer', () => signToken(rsa, without('iss')), /no claim "iss"/],
    ['for another audience', () => signToken(rsa, goodClaims({ aud: ['billing', 'mail'] })), /"aud"/],
    ['without an audience', () => signToken(rsa, without('aud')), /no claim "aud"/],
    ['without an end', () => signToken(rsa, without('exp')), /no claim "exp"/],
    ['whose end is a text', () => signToken(rsa, goodClaims({ exp: '2999' })), /"exp" is malformed/],
    ['whose time has not come', () => signToken(rsa, goodClaims({ nbf: now() + 3600 })), /"nbf"/],
    ['of a numeric subject', () => signToken(rsa, goodClaims({ sub: 42 })), /"sub" must be/],
    ['of a list as subject', () => signToken(rsa, goodClaims({ sub: ['anna'] })), /"sub" must be/],
    ['without a subject', () => signToken(rsa, without('sub')), /"sub" must be/],
    ['of an empty subject', () => signToken(rsa, goodClaims({ sub: '' })), /"sub" must be/],
    ['of a long subject', () => signToken(rsa, goodClaims({ sub: 'x'.repeat(256) })), /"sub" must be/],
    ['of a subject with U+0000', () => signToken(rsa, goodClaims({ sub: 'an\0na' })), /"sub" must be/],
    ['of half a surrogate pair', () => signToken(rsa, goodClaims({ sub: 'a\ud800' })), /"sub" must be/],
    ['of an unknown scope', () => signToken(rsa, goodClaims({ scope: 'upfile:everything' })), /no scope/],
    ['of a numeric scope', () => signToken(rsa, goodClaims({ scope: 7 })), /"scope" must be/],
    ['that is no JSON', () => replaceAt(signToken(rsa, goodClaims()), 1, () => 'AAAA'), /signature/],
    ['of one part', () => 'token', /signed JWT/],
    ['of five parts', () => 'a.b.c.d.e', /signed JWT/],
    ['that is empty', () => '', /signed JWT/],
    ['of dots', () => '..', /signed JWT/],
  ])('%s is refused', async (_case, make, reason) => {
    await expect(tokens.verify(make())).rejects.toMatchObject({
      code: 'token-invalid',
      message: expect.stringMatching(reason),
    })
  })

  it('counts until 30 seconds after its end, also when it was judged before', async () => {
    const token = signToken(rsa, goodClaims({ exp: now() + 10 }))
    expect(await tokens.verify(token)).toMatchObject({ owner: 'anna' })
    seconds += 39
    expect(await tokens.verify(token)).toMatchObject({ owner: 'anna' })
    seconds += 2
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'token-expired' })
  })

  it('may last longer than a Date can express', async () => {
    const { expires } = await tokens.verify(signToken(rsa, goodClaims({ exp: 1e300 })))
    expect(new Date(expires * 1000).toISOString()).toMatch(/^9999-/)
  })

  it('of an issuer and for an audience that are not checked speaks for its subject', async () => {
    const unchecked = tokensWith({ issuer: undefined, audience: undefined })
    const token = signWithSecret(secret, { sub: 'anna', exp: now() + 60 })
    expect(await unchecked.verify(token)).toMatchObject({ owner: 'anna' })
  })

  it.each<[string, unknown, readonly string[] | undefined]>([
    ['a text', 'openid upfile:read  upfile:list', ['read', 'list']],
    ['a list', ['openid', 'upfile:write'], ['write']],
    ['a text without a scope of ours', 'openid profile', undefined],
    ['an empty list', [], undefined],
    ['null', null, undefined],
  ])('has the scopes of its claim, which is %s', async (_case, scope, scopes) => {
    expect(await tokens.verify(signToken(rsa, goodClaims({ scope })))).toMatchObject({ scopes })
  })

  it.each<[string, Record<string, unknown>, readonly string[]]>([
    ['a list', { 'https://example.com/buckets': ['acme-*', 'x'] }, ['acme-*', 'x']],
    ['a text', { 'https://example.com/buckets': 'acme-* x' }, ['acme-*', 'x']],
    ['absent', {}, []],
    ['a member of __proto__', { ['__proto__']: { 'https://example.com/buckets': '*' } }, []],
  ])('reaches the buckets of its claim, which is %s', async (_case, more, buckets) => {
    const names = { owner: 'sub', scope: 'scope', buckets: 'https://example.com/buckets' }
    const limited = tokensWith({ claims: names })
    expect(await limited.verify(signWithSecret(secret, goodClaims(more)))).toMatchObject({ buckets })
  })

  it.each([['A*'], ['a\0'], ['../x'], [7]])('is refused with the bucket %j', async (bucket) => {
    const limited = tokensWith({ claims: { owner: 'sub', scope: 'scope', buckets: 'buckets' } })
    await expect(
      limited.verify(signWithSecret(secret, goodClaims({ buckets: [bucket] }))),
    ).rejects.toMatchObject({ code: 'token-invalid' })
  })

  it('may have its claims in a member of a claim', async () => {
    const names = { owner: 'app_metadata.id', scope: 'scope', buckets: 'app_metadata.buckets' }
    const nested = tokensWith({ claims: names })
    const token = signWithSecret(secret, goodClaims({ app_metadata: { id: 'anna', buckets: ['a'] } }))
    expect(await nested.verify(token)).toMatchObject({ owner: 'anna', buckets: ['a'] })
    await expect(nested.verify(signWithSecret(secret, goodClaims()))).rejects.toMatchObject({
      code: 'token-invalid',
    })
  })
})
