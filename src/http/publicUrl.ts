import type { Request } from 'express'

const SETTING = 'public url'

/** Where `publicUrl` finds the configured base. */
export const publicUrlSetting = SETTING

/**
 * An address as clients reach it: below PUBLIC_URL, else below what a trusted proxy forwarded, else relative. Never
 * built from Host, which anyone can write.
 */
export function publicUrl(req: Pick<Request, 'app' | 'get' | 'protocol' | 'host'>, path: string): string {
  const configured: unknown = req.app.get(SETTING)
  if (typeof configured === 'string') return `${configured}${path}`
  const trusted = Number(req.app.get('trust proxy')) > 0 && req.get('x-forwarded-host') !== undefined
  return trusted ? `${req.protocol}://${req.host}${path}` : path
}
