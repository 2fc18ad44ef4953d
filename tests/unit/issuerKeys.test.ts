import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { type KeyTimes, keyTimes } from '../../src/domain/access/issuerKeys.ts'
import { createTokens } from '../../src/domain/access/tokens.ts'
import { createLogger } from '../../src/logger.ts'
import type { Tokens } from '../../src/model/token.ts'
import { eventually } from '../support/eventually.ts'
import {
  AUDIENCE,
  createSigningKey,
  goodClaims,
  ISSUER,
  type Issuer,
  type SigningKey,
  signToken,
  startIssuer,
} from '../support/issuer.ts'

const logger = createLogger({ level: 'critical', directory: undefined, console: false })
const clock = { now: () => Date.now() / 1000, adjust: async () => {} }
const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function startOne(...keys: readonly SigningKey[]): Promise<Issuer> {
  const issuer = await startIssuer(keys)
  ending.push(issuer.close)
  return issuer
}

function judgeBy({ url }: Pick<Issuer, 'url'>, times: Partial<KeyTimes> = {}): Tokens {
  const tokens = createTokens(
    {
      proof: { kind: 'published', url },
      issuer: ISSUER,
      audience: AUDIENCE,
      claims: { owner: 'sub', scope: 'scope', buckets: undefined },
    },
    { clock, logger },
    { ...keyTimes, ...times },
  )
  ending.push(tokens.close)
  return tokens
}

const first = createSigningKey('ES256')
const second = createSigningKey('ES256')
const ofOne = { kid: undefined }
let number = 0
/** A new token each time: a token that was judged good is remembered. */
const tokenOf = (key: SigningKey, header = {}) =>
  signToken(key, goodClaims({ jti: String(number++) }), header)
const down = { code: 'identity-unavailable' }
const refused = { code: 'token-invalid' }
const anna = { owner: 'anna' }

describe('The keys of an issuer', () => {
  it('are fetched once for many tokens', async () => {
    const issuer = await startOne(first)
    const tokens = judgeBy(issuer)
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => tokens.verify(tokenOf(first))))
    expect(verdicts).toHaveLength(50)
    expect(issuer.fetches).toBe(1)
  })

  it('are found without a name when only one fits', async () => {
    const tokens = judgeBy(await startOne(first, createSigningKey('EdDSA')))
    expect(await tokens.verify(tokenOf(first, ofOne))).toMatchObject(anna)
  })

  it('are not tried one after the other when several fit', async () => {
    const tokens = judgeBy(await startOne(first, second))
    expect(await tokens.verify(tokenOf(second))).toMatchObject(anna)
    await expect(tokens.verify(tokenOf(second, ofOne))).rejects.toMatchObject(refused)
  })

  it('that are weak or private are not used', async () => {
    const weak = createSigningKey('RS256', { bits: 1024 })
    const tokens = judgeBy(await startOne(weak))
    await expect(tokens.verify(tokenOf(weak))).rejects.toMatchObject(refused)
  })

  it('that are new are fetched once the pause for unknown names is over', async () => {
    const issuer = await startOne(first)
    const tokens = judgeBy(issuer, { unknownPause: 200 })
    await tokens.verify(tokenOf(first))
    issuer.keys = [first, second]
    await expect(tokens.verify(tokenOf(second))).rejects.toMatchObject(refused)
    await sleep(250)
    expect(await tokens.verify(tokenOf(second))).toMatchObject(anna)
    expect(issuer.fetches).toBe(2)
  })

  it('are not fetched for each of many made-up names', async () => {
    const issuer = await startOne(first)
    const tokens = judgeBy(issuer)
    for (let count = 0; count < 100; count++)
      await expect(tokens.verify(tokenOf(first, { kid: `made-up-${count}` }))).rejects.toMatchObject(refused)
    expect(issuer.fetches).toBe(1)
    expect(await tokens.verify(tokenOf(first))).toMatchObject(anna)
  })

  it('that the issuer took back do not count any more', async () => {
    const issuer = await startOne(first, second)
    const tokens = judgeBy(issuer, { refresh: 50 })
    await tokens.verify(tokenOf(first))
    issuer.keys = [second]
    await eventually(() => expect(tokens.verify(tokenOf(first))).rejects.toMatchObject(refused))
  })
})

describe('An issuer that is down', () => {
  const fail: Issuer['answer'] = (_req, res) => void res.writeHead(503).end()

  it('at the start makes tokens wait for it, one fetch after each pause', async () => {
    const issuer = await startOne(first)
    issuer.answer = fail
    const tokens = judgeBy(issuer, { failurePause: 300 })
    const flood = () => Promise.allSettled(Array.from({ length: 50 }, () => tokens.verify(tokenOf(first))))
    for (const verdict of await flood()) expect(verdict).toMatchObject({ reason: down })
    await flood()
    expect(issuer.fetches).toBe(1)
    issuer.answer = undefined
    await sleep(350)
    expect(await tokens.verify(tokenOf(first))).toMatchObject(anna)
    expect(issuer.fetches).toBe(2)
  })

  it('later does no harm to tokens of the keys that it had, for a day', async () => {
    const issuer = await startOne(first)
    const tokens = judgeBy(issuer, { refresh: 20, kept: 1000, failurePause: 0 })
    await tokens.verify(tokenOf(first))
    issuer.answer = fail
    await eventually(() => expect(issuer.fetches).toBeGreaterThan(5))
    expect(await tokens.verify(tokenOf(first))).toMatchObject(anna)
    await expect(tokens.verify(tokenOf(second))).rejects.toMatchObject(down) // it may be a new key
    await eventually(() => expect(tokens.verify(tokenOf(first))).rejects.toMatchObject(down))
  })

  it.each<[string, Issuer['answer']]>([
    ['refuses', (_req, res) => void res.writeHead(404).end()],
    ['cuts the connection', (req) => void req.socket.destroy()],
    ['never answers', () => {}],
    ['begins an answer without an end', (_req, res) => void res.write('{"keys":[')],
    ['answers with HTML', (_req, res) => void res.end('<html>')],
    ['answers with other JSON', (_req, res) => void res.end('{"keys":{}}')],
    ['answers with too much', (_req, res) => void res.end(`{"keys":[],"x":"${'x'.repeat(2 ** 20)}"}`)],
    ['redirects without an end', (req, res) => void res.writeHead(302, { Location: req.url }).end()],
  ])('is one that %s', async (_case, answer) => {
    const issuer = await startOne(first)
    issuer.answer = answer
    const tokens = judgeBy(issuer, { timeout: 300 })
    await expect(tokens.verify(tokenOf(first))).rejects.toMatchObject(down)
  })

  it('is one that redirects to another host', async () => {
    const [issuer, evil] = [await startOne(first), await startOne(second)]
    issuer.answer = (_req, res) => void res.writeHead(302, { Location: evil.url }).end()
    await expect(judgeBy(issuer).verify(tokenOf(second))).rejects.toMatchObject(down)
    expect(evil.fetches).toBe(0)
  })

  it('is none that redirects within its host', async () => {
    const issuer = await startOne(first)
    issuer.answer = (req, res) => {
      if (req.url !== '/keys') issuer.answer = undefined
      res.writeHead(302, { Location: '/keys/' }).end()
    }
    expect(await judgeBy(issuer).verify(tokenOf(first))).toMatchObject(anna)
  })
})
