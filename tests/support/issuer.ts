import { constants, createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export type Claims = Readonly<Record<string, unknown>>

/** A key of an issuer, which signs with one algorithm. */
export interface SigningKey {
  readonly alg: string
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Makes a key. 2,048 bits are the least for RSA (RFC 7518, 3.3). */
export function createSigningKey(alg: string, { kid = String(randomUUID()), bits = 2048 } = {}): SigningKey {
  const pair = () => {
    if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
    return generateKeyPairSync('rsa', { modulusLength: bits })
  }
  return { alg, kid, ...pair() }
}

/** The key as a member of a key set. */
export const toJwk = ({ alg, kid, publicKey }: SigningKey): Claims => ({
  ...publicKey.export({ format: 'jwk' }),
  alg,
  kid,
  use: 'sig',
})

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token (RFC 7515, 7.1), made without the library that the service judges it with. */
export function signToken(key: SigningKey, claims: Claims, header: Claims = {}): string {
  const text = `${encode({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })}.${encode(claims)}`
  return `${text}.${signatureOf(key, Buffer.from(text)).toString('base64url')}`
}

function signatureOf({ alg, privateKey }: SigningKey, text: Buffer): Buffer {
  if (alg === 'EdDSA') return sign(null, text, privateKey)
  if (alg === 'ES256') return sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  if (alg !== 'PS256') return sign('sha256', text, privateKey)
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return sign('sha256', text, { key: privateKey, padding, saltLength: 32 })
}

/** A token signed with a secret. */
export function signWithSecret(secret: string | Buffer, claims: Claims, header: Claims = {}): string {
  const text = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** A token without a signature. */
export const unsigned = (claims: Claims, header: Claims = {}): string =>
  `${encode({ alg: 'none', ...header })}.${encode(claims)}.`

export const ISSUER = 'https://issuer.example/'
export const AUDIENCE = 'https://files.example/'

/** The claims of a good token for an hour. */
export const goodClaims = (more: Claims = {}): Claims => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'anna',
  exp: Math.floor(Date.now() / 1000) + 3600,
  ...more,
})

type Answer = (req: IncomingMessage, res: ServerResponse) => void

/** An issuer of tokens: an HTTP server with its key set. */
export interface Issuer {
  readonly url: string
  /** The keys that the set has now. */
  keys: readonly SigningKey[]
  /** Requests for the key set so far. */
  readonly fetches: number
  /** Answers as this does, instead of with the key set; undefined: with the key set again. */
  answer: Answer | undefined
  /** The settings of a service that takes its tokens. */
  readonly settings: Readonly<Record<string, string>>
  close(): Promise<void>
}

export async function startIssuer(keys: readonly SigningKey[]): Promise<Issuer> {
  let fetches = 0
  const server = createServer((req, res) => {
    fetches += 1
    if (issuer.answer) return issuer.answer(req, res)
    res.setHeader('Content-Type', 'application/json')
    res.end(JSON.stringify({ keys: issuer.keys.map(toJwk) }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = `http://127.0.0.1:${port}/keys`
  const issuer: Issuer = {
    url,
    keys,
    get fetches() {
      return fetches
    },
    answer: undefined,
    settings: { JWT_JWKS_URL: url, JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return issuer
}
