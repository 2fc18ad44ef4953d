import type { ServerResponse } from 'node:http'
import type { RateState } from '../../model/rates.ts'

/**
 * Tells the client its limits, in `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): `q` requests in `w`
 * seconds, of which `r` are left; there are more after `t` seconds. A month has no `w`, because its length varies.
 */
export function setRateHeaders(res: ServerResponse, states: readonly RateState[]): void {
  if (states.length === 0) return
  const policies = states.map(
    ({ policy, quota }) => `"${policy}";q=${quota}${policy === 'month' ? '' : ';w=60'}`,
  )
  res.setHeader('RateLimit-Policy', policies.join(', '))
  res.setHeader(
    'RateLimit',
    states.map(({ policy, left, seconds }) => `"${policy}";r=${left};t=${seconds}`).join(', '),
  )
}
