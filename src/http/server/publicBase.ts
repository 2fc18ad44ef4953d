import type { IncomingMessage } from 'node:http'
import type { HttpConfig } from '../../config.ts'
import { cameByHttps } from '../fields/ownOrigin.ts'
import { forwardedHost, requestHost } from '../fields/requestHost.ts'

/**
 * The beginning of the URLs in answers: PUBLIC_URL, else the scheme and host that a trusted proxy forwarded, else empty, so
 * that URLs are relative. Never taken from Host, because every client can choose Host.
 */
export function findPublicBase(
  req: IncomingMessage,
  { publicUrl, trustedProxies }: Pick<HttpConfig, 'publicUrl' | 'trustedProxies'>,
): string {
  if (publicUrl !== undefined) return publicUrl
  const host = forwardedHost(req, trustedProxies) && requestHost(req, trustedProxies)
  if (!host) return ''
  return `${cameByHttps(req, { publicUrl, trustedProxies }) ? 'https' : 'http'}://${host}`
}
