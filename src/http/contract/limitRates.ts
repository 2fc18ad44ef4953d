import type { Request, Response } from 'express'
import type { Deps } from '../../deps.ts'
import { countFailure, countRequest } from '../../domain/access/requestLimits.ts'
import { rateLimited } from '../../errors/rates.ts'
import { type Actor, anonymous } from '../../model/actor.ts'
import type { RateState } from '../../model/rates.ts'
import { clientAddress } from '../fields/clientAddress.ts'
import { actorOf, descriptionOf } from './context.ts'
import { originOf } from './originOf.ts'
import { setRateHeaders } from './rateHeaders.ts'

/**
 * Counts a request for the limits of its actor, and tells the client what is left of them. Throws `rate-limited`. Probes of the
 * health are not counted.
 */
export function limitRates(deps: Deps, req: Request, res: Response): void {
  if (descriptionOf(req)?.tags?.includes('health')) return
  const states = countRequest(deps, actorOf(req), () => addressOf(deps, req))
  setRateHeaders(res, states)
  const exceeded = states.find((state) => state.exceeded)
  if (exceeded) refuse(deps, req, actorOf(req), exceeded)
}

/** Throws the refusal of a credential, or `rate-limited` instead when the address has sent too many wrong ones. */
export function limitFailures(deps: Deps, req: Request, res: Response, refusal: unknown): never {
  const exceeded = countFailure(deps, refusal, () => addressOf(deps, req))
  if (!exceeded) throw refusal
  setRateHeaders(res, [exceeded])
  refuse(deps, req, anonymous, exceeded)
}

function refuse(deps: Deps, req: Request, actor: Actor, exceeded: RateState): never {
  deps.refusalLog.note(actor, originOf(deps, req), exceeded.policy)
  throw rateLimited(exceeded)
}

const addressOf = ({ config: { http } }: Deps, req: Request) => clientAddress(req, http.trustedProxies)
