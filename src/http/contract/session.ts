import type { Request, Response } from 'express'
import type { Deps } from '../../deps.ts'
import { foreignSession, sessionInvalid } from '../../errors/access.ts'
import { hasCode } from '../../errors.ts'
import { header } from '../fields/header.ts'
import { cameByHttps, isFromOwnPage } from '../fields/ownOrigin.ts'
import { contextOf, descriptionOf } from './context.ts'
import { limitFailures } from './limitRates.ts'

type Configured = Pick<Deps, 'config'>

/**
 * The text in the session's cookie; undefined without one. Two cookies of the same name are no session: a page of a neighbouring
 * name can set a second one, and the service cannot tell whose is whose.
 */
export function sessionText({ config }: Configured, req: Request): string | undefined {
  const name = cookieName(cameByHttps(req, config.http))
  const values = (header(req, 'cookie') ?? '')
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie.startsWith(`${name}=`))
    .map((cookie) => cookie.slice(name.length + 1))
  return values.length === 0 ? undefined : values.join()
}

/** Hands a session to the browser, which keeps it for `seconds`. */
export function keepSession(
  { config }: Configured,
  req: Request,
  res: Response,
  { text, seconds }: { readonly text: string; readonly seconds: number },
): void {
  const secure = cameByHttps(req, config.http)
  res.cookie(cookieName(secure), text, { ...attributes, secure, maxAge: seconds * 1000 })
}

/** Lets the browser drop its session. */
export function dropSession({ config }: Configured, req: Request, res: Response): void {
  const secure = cameByHttps(req, config.http)
  res.clearCookie(cookieName(secure), { ...attributes, secure })
}

/**
 * What to answer with instead of an error: a browser whose session has ended drops the cookie, and learns why it needs a key.
 * Where no key is needed, such a cookie does no harm.
 */
export function tellOfSession(deps: Deps, req: Request, res: Response, error: unknown): unknown {
  if (!contextOf(req).sessionEnded || !hasCode(error, 'access-key-needed')) return error
  if (!res.headersSent) dropSession(deps, req, res)
  try {
    return limitFailures(deps, req, res, sessionInvalid())
  } catch (refusal) {
    return refusal
  }
}

/**
 * Throws `foreign-page` for a log-in or a log-out that a page of another origin sends. Clients other than browsers say nothing
 * of pages.
 */
export function refuseForeignSession({ config }: Configured, req: Request): void {
  const says = header(req, 'sec-fetch-site') ?? header(req, 'origin')
  if (says !== undefined && !isFromOwnPage(req, config.http)) throw foreignSession()
}

/**
 * Throws `foreign-page` for a request that changes something and does not come from a page of this service. A browser adds a
 * cookie to what pages of neighbouring names and ports ask for, also to those that CORS_ORIGINS lists.
 */
export function insistOnOwnPage({ config }: Configured, req: Request): void {
  if (changes(req) && !isFromOwnPage(req, config.http)) throw foreignSession()
}

const changes = (req: Request) =>
  !['GET', 'HEAD'].includes(req.method) || descriptionOf(req)?.['x-changes'] === true

const attributes = { httpOnly: true, sameSite: 'strict', path: '/' } as const

/**
 * A browser takes a cookie with the prefix `__Host-` only by https and from the host itself, so no neighbour can plant one
 * (RFC 6265bis, 4.1.3.2). Without https a browser refuses that name.
 */
const cookieName = (secure: boolean) => (secure ? '__Host-upfile' : 'upfile')
