import type { RequestHandler } from 'express'
import { pathToRegexp } from 'path-to-regexp'
import type { HttpConfig } from '../../config.ts'
import { refuseMisplacedKey } from '../contract/credentials.ts'
import type { Spec } from '../contract/spec.ts'
import { simplifyContentType } from './contentType.ts'
import { cors } from './cors.ts'
import { refuseForeignPages } from './foreignPages.ts'
import { refuseOddFraming } from './framing.ts'
import { guardAnswer } from './guardAnswer.ts'
import { refuseForeignHosts } from './hosts.ts'

/**
 * What every request meets first, whatever it asks for, in this order. One middleware and not seven: for each, Express compares
 * the path anew.
 */
export function guardRequests(
  http: HttpConfig,
  { changingGets, linkedPaths }: Pick<Spec, 'changingGets' | 'linkedPaths'>,
  isOpen: () => boolean,
): RequestHandler {
  const isLinked = isOneOf(linkedPaths)
  const refuseForeignHost = refuseForeignHosts(http, isOpen)
  const answerPreflight = cors(http.corsOrigins, isLinked)
  const refuseForeignPage = refuseForeignPages(http, { changedByGet: isOneOf(changingGets), isLinked })
  return (req, res, next) => {
    guardAnswer(res)
    refuseOddFraming(req, res)
    refuseForeignHost(req)
    if (answerPreflight(req, res)) return
    // Behind the headers of CORS and the preflight, so that a page of an allowed origin can read the refusal.
    refuseMisplacedKey(req.originalUrl)
    refuseForeignPage(req)
    simplifyContentType(req)
    next()
  }
}

/** Makes the test whether a path is one of these, which are as Express writes them. */
function isOneOf(paths: readonly string[]): (path: string) => boolean {
  const { regexp } = pathToRegexp([...paths], { sensitive: true })
  return (path) => regexp.test(path)
}
