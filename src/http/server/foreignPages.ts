import type { Request } from 'express'
import { match } from 'path-to-regexp'
import type { HttpConfig } from '../../config.ts'
import { foreignPage } from '../../errors/requests.ts'
import { requestHost } from './requestHost.ts'

/**
 * Refuses changes by pages of other origins. Browsers send a form without a preflight, also to a service that only their own
 * machine can reach. They send Origin with every request but GET, and Sec-Fetch-Site to https and to their own machine. Other
 * clients send neither. `changingGets` are paths, as Express writes them.
 */
export function refuseForeignPages(
  {
    corsOrigins,
    publicUrl,
    trustedProxies,
  }: Pick<HttpConfig, 'corsOrigins' | 'publicUrl' | 'trustedProxies'>,
  changingGets: readonly string[],
): (req: Request) => void {
  const changedByGet = changingGets.map((path) => match(path, { sensitive: true }))
  const changes = ({ method, path }: Request) =>
    method === 'GET' || method === 'HEAD'
      ? changedByGet.some((matches) => matches(path))
      : method !== 'OPTIONS'
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).host

  /** By the host alone: behind a proxy that is not trusted, the service does not know the scheme. */
  function isOwn(origin: string, req: Request): boolean {
    if (!URL.canParse(origin)) return false
    const { host, protocol } = new URL(origin)
    const asked = `${protocol}//${requestHost(req, trustedProxies)}`
    return host === publicHost || (URL.canParse(asked) && host === new URL(asked).host)
  }

  return (req) => {
    const { origin, 'sec-fetch-site': site } = req.headers
    if (!changes(req) || corsOrigins.includes('*') || corsOrigins.includes(origin ?? '')) return
    const foreign =
      site === 'cross-site' || site === 'same-site' || (origin !== undefined && !isOwn(origin, req))
    if (foreign) throw foreignPage(origin)
  }
}
