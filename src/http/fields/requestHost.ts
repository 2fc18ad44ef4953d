import type { IncomingMessage } from 'node:http'
import { header } from './header.ts'

const HOST = /^([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(:\d{0,5})?$/

/**
 * The host that the client asked for, with its port if it named one: what a trusted proxy forwarded, else Host. Empty when
 * there is none, which HTTP/1.0 allows; undefined when it is no host.
 */
export function requestHost(req: IncomingMessage, trustedProxies: number): string | undefined {
  const host = forwardedHost(req, trustedProxies) ?? header(req, 'host') ?? ''
  return host === '' || HOST.test(host) ? host : undefined
}

/** X-Forwarded-Host as the outermost trusted proxy wrote it; undefined without one. */
export const forwardedHost = (req: IncomingMessage, trustedProxies: number): string | undefined =>
  trustedProxies === 0 ? undefined : outermost(header(req, 'x-forwarded-host'), trustedProxies)

/**
 * The value that the outermost of `proxies` trusted proxies wrote. A proxy adds its value at the end of the header, so the
 * client may have written all values in front of those of the trusted proxies.
 */
export function outermost(values: string | undefined, proxies: number): string | undefined {
  if (values === undefined) return undefined
  const written = values.split(',').map((value) => value.trim())
  return written.at(-proxies) ?? written[0]
}
