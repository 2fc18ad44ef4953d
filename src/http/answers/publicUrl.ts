import type { Request } from 'express'

const SETTING = 'public url'

/** Where `publicUrl` finds the configured base. */
export const publicUrlSetting = SETTING

const HOST = /^([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/

/**
 * An address as clients reach it: below PUBLIC_URL, else below what a trusted proxy forwarded, else relative. Never
 * built from Host, which anyone can write. What is no path, but whole already, stays as it is.
 */
export function publicUrl(req: Pick<Request, 'app' | 'get'>, path: string): string {
  if (!path.startsWith('/')) return path
  const configured: unknown = req.app.get(SETTING)
  if (typeof configured === 'string') return `${configured}${path}`
  const proxies = Number(req.app.get('trust proxy'))
  const host = outermost(req.get('x-forwarded-host'), proxies)
  if (host === undefined || !HOST.test(host)) return path
  const scheme =
    outermost(req.get('x-forwarded-proto'), proxies)?.toLowerCase() === 'https' ? 'https' : 'http'
  return `${scheme}://${host}${path}`
}

/** What the outermost of so many proxies said. A proxy that adds to a header adds at its end; what stands before is hearsay. */
function outermost(header: string | undefined, proxies: number): string | undefined {
  if (header === undefined || proxies === 0) return undefined
  const said = header.split(',').map((value) => value.trim())
  return said.at(-proxies) ?? said[0]
}
