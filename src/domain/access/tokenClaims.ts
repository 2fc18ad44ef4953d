import type { JWTPayload } from 'jose'
import type { ClaimNames } from '../../config/tokens.ts'
import { tokenInvalid } from '../../errors/access.ts'
import { type Scope, scopes } from '../../model/actor.ts'
import type { TokenHolder } from '../../model/token.ts'
import { isOwner } from '../values/owners.ts'

/** The beginning of the values of the scope claim that are meant for this service. */
const SCOPE_PREFIX = 'upfile:'

/** 9999-12-31: the last day that RFC 3339 can express, in seconds since 1970. */
const LATEST_SECONDS = 253_402_214_400

/** The name of a bucket, with `*` for any characters. */
const PATTERN = /^[a-z0-9._*-]{1,63}$/

/** Reads the claims of a verified token. Throws `token-invalid`. */
export function tokenHolder(payload: JWTPayload, names: ClaimNames): TokenHolder {
  const owner = claimOf(payload, names.owner)
  if (!isOwner(owner))
    throw tokenInvalid(`its claim "${names.owner}" must be a text of 1 to 255 characters without controls`)
  const meant = textsOf(payload, names.scope).filter((value) => value.startsWith(SCOPE_PREFIX))
  return {
    owner,
    scopes: meant.length === 0 ? undefined : meant.map(toScope),
    buckets: names.buckets === undefined ? ['*'] : bucketsOf(payload, names.buckets),
    expires: Math.min(payload.exp ?? 0, LATEST_SECONDS),
  }
}

/** None without the claim: the issuer may have forgotten to add it. */
function bucketsOf(payload: JWTPayload, name: string): readonly string[] {
  const buckets = textsOf(payload, name)
  if (!buckets.every((pattern) => PATTERN.test(pattern)))
    throw tokenInvalid(`its claim "${name}" must hold names of buckets, as acme-*`)
  return buckets
}

function toScope(value: string): Scope {
  const scope = scopes.find((each) => value === `${SCOPE_PREFIX}${each}`)
  if (scope === undefined) throw tokenInvalid(`there is no scope "${value.slice(0, 100)}"`)
  return scope
}

/** The values of a claim, which is a text with blanks between them (RFC 8693, 4.2), or a list; none when it is absent. */
function textsOf(payload: JWTPayload, name: string): readonly string[] {
  const claim = claimOf(payload, name) ?? []
  if (typeof claim === 'string') return claim.split(/\s+/).filter((value) => value !== '')
  if (Array.isArray(claim) && claim.every((value) => typeof value === 'string')) return claim
  throw tokenInvalid(`its claim "${name}" must be a text or a list of texts`)
}

/** The claim of this name, else the member that the parts of the name lead to: `app_metadata.buckets`. */
function claimOf(payload: object, name: string): unknown {
  const whole = memberOf(payload, name)
  return whole === undefined ? name.split('.').reduce(memberOf, payload as unknown) : whole
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined
