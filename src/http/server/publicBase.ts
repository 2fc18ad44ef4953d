import type { IncomingMessage } from 'node:http'
import type { HttpConfig } from '../../config.ts'
import { header } from '../fields/header.ts'
import { forwardedHost, outermost, requestHost } from './requestHost.ts'

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
  const scheme = outermost(header(req, 'x-forwarded-proto'), trustedProxies)?.toLowerCase()
  return `${scheme === 'https' ? 'https' : 'http'}://${host}`
}
