import type { RequestHandler } from 'express'
import type { HttpConfig } from '../../config.ts'
import { simplifyContentType } from './contentType.ts'
import { cors } from './cors.ts'
import { refuseForeignPages } from './foreignPages.ts'
import { refuseOddFraming } from './framing.ts'
import { guardAnswer } from './guardAnswer.ts'
import { refuseForeignHosts } from './hosts.ts'

/**
 * What every request meets first, whatever it asks for, in this order. One middleware and not six: for each, Express compares
 * the path anew. `changingGets` are paths, as Express writes them.
 */
export function guardRequests(
  http: HttpConfig,
  changingGets: readonly string[],
  isOpen: () => boolean,
): RequestHandler {
  const refuseForeignHost = refuseForeignHosts(http, isOpen)
  const answerPreflight = cors(http.corsOrigins)
  const refuseForeignPage = refuseForeignPages(http, changingGets)
  return (req, res, next) => {
    guardAnswer(res)
    refuseOddFraming(req, res)
    refuseForeignHost(req)
    if (answerPreflight(req, res)) return
    refuseForeignPage(req)
    simplifyContentType(req)
    next()
  }
}
