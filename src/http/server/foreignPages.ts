import type { Request, RequestHandler } from 'express'
import type { HttpConfig } from '../../config.ts'
import { foreignPage } from '../../errors/requests.ts'
import { requestHost } from './requestHost.ts'

/** Uppy announces a file by a GET of this path. As in all operations, the path may end with a slash. */
const CHANGED_BY_GET = /^\/s3\/params\/?$/

/**
 * Refuses changes by pages of other origins. Browsers send a form without a preflight, also to a service that only their own
 * machine can reach. They name the origin of the page in Origin, with every request that is no GET, and how far away it is in
 * Sec-Fetch-Site, unless the service is on plain http and not on their own machine. Other clients send neither.
 */
export function refuseForeignPages({
  corsOrigins,
  publicUrl,
  trustedProxies,
}: Pick<HttpConfig, 'corsOrigins' | 'publicUrl' | 'trustedProxies'>): RequestHandler {
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).host

  /** By the host alone: behind a proxy that is not trusted, the service does not know the scheme. */
  function isOwn(origin: string, req: Request): boolean {
    if (!URL.canParse(origin)) return false
    const { host, protocol } = new URL(origin)
    const asked = `${protocol}//${requestHost(req, trustedProxies)}`
    return host === publicHost || (URL.canParse(asked) && host === new URL(asked).host)
  }

  return (req, _res, next) => {
    const { origin, 'sec-fetch-site': site } = req.headers
    if (!changes(req) || corsOrigins.includes('*') || corsOrigins.includes(origin ?? '')) return next()
    const foreign =
      site === 'cross-site' || site === 'same-site' || (origin !== undefined && !isOwn(origin, req))
    next(foreign ? foreignPage(origin) : undefined)
  }
}

const changes = ({ method, path }: Request) =>
  method === 'GET' || method === 'HEAD' ? CHANGED_BY_GET.test(path) : method !== 'OPTIONS'
