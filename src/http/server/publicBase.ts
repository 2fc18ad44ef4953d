import type { IncomingMessage } from 'node:http'
import type { HttpConfig } from '../../config.ts'
import { header } from '../fields/header.ts'

const HOST = /^([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/

/**
 * The beginning of the URLs in answers: PUBLIC_URL, else the scheme and host that a trusted proxy forwarded, else empty, so
 * that URLs are relative. Never taken from Host, because every client can choose Host.
 */
export function findPublicBase(
  req: IncomingMessage,
  { publicUrl, trustedProxies }: Pick<HttpConfig, 'publicUrl' | 'trustedProxies'>,
): string {
  if (publicUrl !== undefined) return publicUrl
  if (trustedProxies === 0) return ''
  const host = outermost(header(req, 'x-forwarded-host'), trustedProxies)
  if (host === undefined || !HOST.test(host)) return ''
  const scheme = outermost(header(req, 'x-forwarded-proto'), trustedProxies)?.toLowerCase()
  return `${scheme === 'https' ? 'https' : 'http'}://${host}`
}

/**
 * The value that the outermost of `proxies` trusted proxies wrote. A proxy adds its value at the end of the header, so the
 * client may have written all values in front of those of the trusted proxies.
 */
function outermost(values: string | undefined, proxies: number): string | undefined {
  if (values === undefined) return undefined
  const written = values.split(',').map((value) => value.trim())
  return written.at(-proxies) ?? written[0]
}
