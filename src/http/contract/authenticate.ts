import type { Request } from 'express'
import type { Deps } from '../../deps.ts'
import { keyActor } from '../../domain/access/keyActor.ts'
import { isOpen } from '../../domain/access/openness.ts'
import { sessionActor } from '../../domain/access/sessions.ts'
import { tokenActor } from '../../domain/access/tokenActor.ts'
import { proxyInFront } from '../../errors/requests.ts'
import { type Actor, anonymous, anyone, link } from '../../model/actor.ts'
import { contextOf } from './context.ts'
import { presentedCredential } from './credentials.ts'
import type { Security } from './securityOf.ts'
import { insistOnOwnPage, sessionText } from './session.ts'

/**
 * Finds out who makes a request. Throws `credentials-ambiguous`, `foreign-page`, what `keyActor` and `verify` of tokens throw,
 * and what the database throws: a request that nobody can judge opens nothing.
 */
export async function authenticate(deps: Deps, req: Request, security: Security): Promise<Actor> {
  if (security.kind === 'nobody') return anonymous
  if (security.kind === 'link') return link
  const { mode } = deps.config.access
  if (mode === 'off') return anyone
  const presented = presentedCredential(req.headers, { takesTokens: deps.tokens !== undefined })
  if (presented?.kind === 'key') return await keyActor(deps, presented.text)
  if (presented && deps.tokens) return tokenActor(await deps.tokens.verify(presented.text))
  if (!(await isOpen(deps))) return await fromSession(deps, req)
  const forwarded = Object.keys(req.headers).find((name) => FROM_PROXIES.test(name))
  if (forwarded !== undefined) throw proxyInFront(forwarded)
  return anyone
}

/** The actor of the session's cookie. A cookie that is not valid is none, but a refusal tells its browser. */
async function fromSession(deps: Deps, req: Request): Promise<Actor> {
  const text = sessionText(deps, req)
  if (text === undefined) return anonymous
  insistOnOwnPage(deps, req)
  const actor = await sessionActor(deps, text)
  contextOf(req).sessionEnded = actor === undefined
  return actor ?? anonymous
}

/** Headers that proxies add: behind a proxy, strangers may ask, though the service listens on loopback. */
const FROM_PROXIES = /^(?:forwarded|via|x-real-ip|x-forwarded(?:-.*)?)$/
