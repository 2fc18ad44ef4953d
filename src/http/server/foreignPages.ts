import type { Request } from 'express'
import type { HttpConfig } from '../../config.ts'
import { foreignPage } from '../../errors/requests.ts'
import { isOwnOrigin } from '../fields/ownOrigin.ts'

/**
 * Refuses changes by pages of other origins. Browsers send a form without a preflight, also to a service that only their own
 * machine can reach. They send Origin with every request but GET, and Sec-Fetch-Site to https and to their own machine. Other
 * clients send neither. A link may be used on every page: no cookie counts there.
 */
export function refuseForeignPages(
  http: Pick<HttpConfig, 'corsOrigins' | 'publicUrl' | 'trustedProxies'>,
  { changedByGet, isLinked }: Record<'changedByGet' | 'isLinked', (path: string) => boolean>,
): (req: Request) => void {
  const { corsOrigins } = http
  const changes = ({ method, path }: Request) =>
    method === 'GET' || method === 'HEAD' ? changedByGet(path) : method !== 'OPTIONS' && !isLinked(path)

  return (req) => {
    const { origin, 'sec-fetch-site': site } = req.headers
    if (!changes(req) || corsOrigins.includes('*') || corsOrigins.includes(origin ?? '')) return
    const foreign =
      site === 'cross-site' ||
      site === 'same-site' ||
      (origin !== undefined && !isOwnOrigin(origin, req, http))
    if (foreign) throw foreignPage(origin)
  }
}
