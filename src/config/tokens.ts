import { isLoopback } from './addresses.ts'
import type { createReader } from './reader.ts'

/** How the service judges tokens (JWTs), which an identity provider issues to the users of an application. */
export interface TokenConfig {
  readonly proof: TokenProof
  /** The claim `iss` of every token; undefined when it is not checked. */
  readonly issuer: string | undefined
  /** A member of the claim `aud` of every token; undefined when it is not checked. */
  readonly audience: string | undefined
  readonly claims: ClaimNames
}

/** What proves the signature of a token: the public keys at an address, or a secret that the issuer shares. */
export type TokenProof =
  | { readonly kind: 'published'; readonly url: string }
  | { readonly kind: 'secret'; readonly secret: string }

/** The names of the claims that say who a token speaks for. */
export interface ClaimNames {
  readonly owner: string
  readonly scope: string
  /** Undefined means that tokens reach every bucket. */
  readonly buckets: string | undefined
}

const LEAST_SECRET_CHARACTERS = 32

/** Reads JWT_…; undefined when neither JWT_JWKS_URL nor JWT_SECRET is set: the service takes no tokens then. */
export function tokenConfig(read: ReturnType<typeof createReader>): TokenConfig | undefined {
  const proof = proofOf(read)
  const issuer = read.optional('JWT_ISSUER')
  const audience = read.optional('JWT_AUDIENCE')
  if (proof === undefined) {
    if (issuer !== undefined || audience !== undefined)
      read.refuse('JWT_ISSUER and JWT_AUDIENCE need JWT_JWKS_URL or JWT_SECRET')
    return undefined
  }
  const missing = [issuer === undefined && 'JWT_ISSUER', audience === undefined && 'JWT_AUDIENCE']
  for (const name of missing)
    if (name) read.refuse(`${name} must be what tokens hold, or * when it is not to be checked`)
  return {
    proof,
    issuer: issuer === '*' ? undefined : issuer,
    audience: audience === '*' ? undefined : audience,
    claims: {
      owner: read.text('JWT_OWNER_CLAIM', 'sub'),
      scope: read.text('JWT_SCOPE_CLAIM', 'scope'),
      buckets: read.optional('JWT_BUCKETS_CLAIM'),
    },
  }
}

function proofOf(read: ReturnType<typeof createReader>): TokenProof | undefined {
  const url = read.optional('JWT_JWKS_URL')
  const secret = read.optional('JWT_SECRET')
  if (url !== undefined && secret !== undefined)
    read.refuse('JWT_JWKS_URL and JWT_SECRET exclude each other: set the one that your issuer has')
  if (url !== undefined) {
    if (!isKeyAddress(url))
      read.refuse('JWT_JWKS_URL must be an https URL without user and password, or http on this machine')
    return { kind: 'published', url }
  }
  if (secret === undefined) return undefined
  if (secret.length < LEAST_SECRET_CHARACTERS)
    read.refuse(`JWT_SECRET must have at least ${LEAST_SECRET_CHARACTERS} characters`)
  return { kind: 'secret', secret }
}

/** Whoever can change the keys on their way makes tokens that the service takes, so they come by TLS. */
function isKeyAddress(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
  return isSafe && username === '' && password === ''
}
