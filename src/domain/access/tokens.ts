import { hash } from 'node:crypto'
import { type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { TokenConfig } from '../../config/tokens.ts'
import type { Deps } from '../../deps.ts'
import type { TokenHolder, Tokens } from '../../model/token.ts'
import { createIssuerKeys, type KeyTimes, keyTimes } from './issuerKeys.ts'
import { tokenHolder } from './tokenClaims.ts'
import { explainRefusal } from './tokenRefusals.ts'

/** Never those that the token names: RFC 8725, 3.1. */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']
const SECRET_ALGORITHMS = ['HS256']

const TOLERANCE_SECONDS = 30

/** A verdict costs 100 to 170 µs of CPU time, and clients send a token with every request. */
const VERDICT_SECONDS = 60
const MOST_VERDICTS = 10_000

interface Verdict {
  readonly holder: TokenHolder
  /** Seconds since 1970. */
  readonly until: number
}

/** Begins to fetch the keys of the issuer, if it publishes them. Only good tokens are remembered: unknown keys may come soon. */
export function createTokens(
  { proof, issuer, audience, claims }: TokenConfig,
  { clock, logger }: Pick<Deps, 'clock' | 'logger'>,
  times: KeyTimes = keyTimes,
): Tokens {
  const issuerKeys = proof.kind === 'published' ? createIssuerKeys(proof.url, logger, times) : undefined
  const findKey = issuerKeys?.find ?? secretKey(proof.kind === 'secret' ? proof.secret : '')
  const options: JWTVerifyOptions = {
    algorithms: issuerKeys ? PUBLIC_KEY_ALGORITHMS : SECRET_ALGORITHMS,
    requiredClaims: ['exp'],
    clockTolerance: TOLERANCE_SECONDS,
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  }
  const verdicts = new Map<string, Verdict>()

  async function judge(text: string): Promise<JWTPayload> {
    try {
      const currentDate = new Date(clock.now() * 1000)
      return (await jwtVerify(text, findKey, { ...options, currentDate })).payload
    } catch (error) {
      throw explainRefusal(error)
    }
  }

  return {
    async verify(text) {
      const digest = hash('sha256', text, 'base64')
      const known = verdicts.get(digest)
      if (known && clock.now() < known.until) return known.holder
      verdicts.delete(digest)
      const holder = tokenHolder(await judge(text), claims)
      if (verdicts.size >= MOST_VERDICTS) verdicts.delete(verdicts.keys().next().value ?? '')
      verdicts.set(digest, { holder, until: Math.min(holder.expires, clock.now() + VERDICT_SECONDS) })
      return holder
    },
    close: () => issuerKeys?.close(),
  }
}

/** The key of HMAC-SHA-256 for a secret text, made once: jose would make it anew for every token. */
function secretKey(secret: string): JWTVerifyGetKey {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = crypto.subtle.importKey('raw', Buffer.from(secret), algorithm, false, ['verify'])
  return () => key
}
