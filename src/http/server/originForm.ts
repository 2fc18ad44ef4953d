import type { IncomingMessage } from 'node:http'

/**
 * Rewrites a target such as `http://files.example/livez` to `/livez` when its authority is that of Host: a server must take this
 * form too (RFC 9112, 3.2.2). A target with another authority stays as it is, and `refuseOddFraming` refuses it.
 */
export function useOriginForm(req: IncomingMessage): void {
  if (req.url === undefined || req.url.startsWith('/')) return
  const [, authority, rest = ''] = /^https?:\/\/([^/?#]+)(.*)$/is.exec(req.url) ?? []
  if (authority === undefined || authority.toLowerCase() !== req.headers.host?.toLowerCase()) return
  req.url = rest.startsWith('/') ? rest : `/${rest}`
}
