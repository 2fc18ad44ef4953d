import type { IncomingMessage } from 'node:http'
import { header } from './header.ts'
import { outermost, requestHost } from './requestHost.ts'

/** What the service knows about its own address. */
export interface OwnAddress {
  readonly publicUrl: string | undefined
  readonly trustedProxies: number
}

/**
 * Whether an `Origin` is that of this service. By the host alone: behind a proxy that is not trusted, the service does not know
 * the scheme.
 */
export function isOwnOrigin(
  origin: string,
  req: IncomingMessage,
  { publicUrl, trustedProxies }: OwnAddress,
): boolean {
  if (!URL.canParse(origin)) return false
  const { host, protocol } = new URL(origin)
  const asked = `${protocol}//${requestHost(req, trustedProxies)}`
  return (
    (publicUrl !== undefined && host === new URL(publicUrl).host) ||
    (URL.canParse(asked) && host === new URL(asked).host)
  )
}

/**
 * Whether a browser says that a page of this service makes the request. Browsers send `Sec-Fetch-Site` to https and to their own
 * machine, and to others `Origin` with every request but GET.
 */
export function isFromOwnPage(req: IncomingMessage, address: OwnAddress): boolean {
  const [site, origin] = [header(req, 'sec-fetch-site'), header(req, 'origin')]
  return site === undefined
    ? origin !== undefined && isOwnOrigin(origin, req, address)
    : site === 'same-origin'
}

/** Whether the client came by https, as PUBLIC_URL says, or the outermost trusted proxy. */
export function cameByHttps(req: IncomingMessage, { publicUrl, trustedProxies }: OwnAddress): boolean {
  if (publicUrl !== undefined) return new URL(publicUrl).protocol === 'https:'
  if (trustedProxies === 0) return false
  return outermost(header(req, 'x-forwarded-proto'), trustedProxies)?.toLowerCase() === 'https'
}
