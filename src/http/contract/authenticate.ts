import type { Request } from 'express'
import type { Deps } from '../../deps.ts'
import { keyActor } from '../../domain/access/keyActor.ts'
import { isOpen } from '../../domain/access/openness.ts'
import { proxyInFront } from '../../errors/requests.ts'
import { type Actor, anonymous, anyone, link } from '../../model/actor.ts'
import { presentedKey, refuseMisplacedKey } from './credentials.ts'
import type { Security } from './securityOf.ts'

/**
 * Finds out who makes a request. Throws `credential-misplaced`, `credentials-ambiguous`, what `keyActor` throws, and what the
 * database throws: a request that nobody can judge opens nothing.
 */
export async function authenticate(deps: Deps, req: Request, security: Security): Promise<Actor> {
  refuseMisplacedKey(req.originalUrl)
  if (security.kind === 'nobody') return anonymous
  if (security.kind === 'link') return link
  const { mode } = deps.config.access
  if (mode === 'off') return anyone
  const key = presentedKey(req.headers)
  if (key !== undefined) return await keyActor(deps, key)
  if (!(await isOpen(deps))) return anonymous
  const forwarded = FORWARDED.find((name) => req.headers[name] !== undefined)
  if (forwarded !== undefined) throw proxyInFront(forwarded)
  return anyone
}

/** Headers that proxies add: behind a proxy, strangers may ask, though the service listens on loopback. */
const FORWARDED = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
] as const
