import type { Deps } from '../../deps.ts'
import { hasCode } from '../../errors.ts'
import type { Actor, KeyLimits } from '../../model/actor.ts'
import type { RateState } from '../../model/rates.ts'

/**
 * Counts a request for every limit of its actor, and returns what is left of each. A request that exceeds one is not counted.
 * `address` as `clientAddress` finds it.
 */
export function countRequest(deps: Deps, actor: Actor, address: () => string): RateState[] {
  if (actor.limits) return countForKey(deps, actor.limits)
  const { userPerMinute, anonymousPerMinute } = deps.config.rates
  if (actor.kind === 'user' && userPerMinute > 0)
    return [deps.rates.take('user', actor.reach.owner ?? '', userPerMinute)]
  const isStranger = actor.kind === 'anonymous' || actor.kind === 'anyone'
  return isStranger && anonymousPerMinute > 0
    ? [deps.rates.take('anonymous', address(), anonymousPerMinute)]
    : []
}

function countForKey(deps: Deps, { keyId, perMinute, perMonth, requestsOfMonth }: KeyLimits): RateState[] {
  const month = () => {
    const requests = requestsOfMonth + deps.keyUsage.unwritten(keyId)
    return perMonth === null ? [] : [monthState(perMonth, requests, deps.clock.now())]
  }
  if (month().some(({ left }) => left === 0)) return month().map((state) => ({ ...state, exceeded: true }))
  const minute = perMinute === null ? [] : [deps.rates.take('key', keyId, perMinute)]
  if (!minute.some(({ exceeded }) => exceeded)) deps.keyUsage.note(keyId)
  return [...minute, ...month()]
}

/** Months begin in UTC, as in the table. `now` in seconds since 1970. */
function monthState(quota: number, requests: number, now: number): RateState {
  const date = new Date(now * 1000)
  const next = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) / 1000
  const left = Math.max(quota - requests, 0)
  return { policy: 'month', quota, exceeded: false, left, seconds: Math.max(Math.ceil(next - now), 1) }
}

/**
 * Counts the refusal of a credential that is wrong, by the address it came from. Returns the state of the limit when the address
 * has exceeded it. A credential that has ended is no guess: who holds it is told the reason, every time.
 */
export function countFailure(
  {
    rates,
    config: {
      rates: { failedPerMinute },
    },
  }: Deps,
  error: unknown,
  address: () => string,
): RateState | undefined {
  if (failedPerMinute === 0 || !guesses.some((code) => hasCode(error, code))) return undefined
  const state = rates.take('failed', address(), failedPerMinute)
  return state.exceeded ? state : undefined
}

const guesses = ['access-key-invalid', 'session-invalid', 'token-invalid'] as const
