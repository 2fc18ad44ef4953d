import type { Request, Response } from 'express'
import { operationMethods, toMethodList } from '../contract/methods.ts'

const METHODS = toMethodList(operationMethods.filter((method) => method !== 'options'))
const REQUEST_HEADERS = [
  'Authorization, Content-Type, Content-Disposition, Content-Digest, Repr-Digest, Idempotency-Key',
  'If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range, Range, X-Api-Key',
  'X-Requested-With, X-Request-Id',
].join(', ')
const RESPONSE_HEADERS = [
  'Location, ETag, Content-Disposition, Content-Length, Content-Range, Accept-Ranges, Content-Digest, Repr-Digest',
  'Last-Modified, Link, X-Total-Count, Retry-After, X-Request-Id, Idempotency-Replayed, RateLimit, RateLimit-Policy',
  'WWW-Authenticate',
].join(', ')

/** Without `*`, which would mean every name. */
const HEADER_NAME = /^[!#$%&'+.^_`|~0-9A-Za-z-]+$/

/**
 * Names every header that a page wants to send: tracing and other libraries add headers of their own, and none does harm,
 * because a browser adds the cookie to none of these requests.
 */
function allowedHeaders(wanted = ''): string {
  const names = wanted.split(',').map((name) => name.trim())
  return [REQUEST_HEADERS, ...names.filter((name) => HEADER_NAME.test(name))].join(', ')
}

/**
 * CORS for exactly the configured origins (Fetch standard), and for every origin where a link is the credential: whoever has the
 * link may use it anywhere. Answers every preflight, and returns true for it: a preflight needs no operation in the spec.
 * Credentials are never allowed: the cookie is for the pages of this service alone.
 */
export function cors(
  configured: readonly string[],
  isLinked: (path: string) => boolean,
): (req: Request, res: Response) => boolean {
  return (req, res) => {
    const { origin } = req.headers
    const origins = isLinked(req.path) ? ['*'] : configured
    const preflight =
      req.method === 'OPTIONS' &&
      origin !== undefined &&
      req.headers['access-control-request-method'] !== undefined
    if (origins.length > 0) res.vary('Origin')
    if (origin !== undefined && (origins.includes('*') || origins.includes(origin))) {
      res.set({
        'Access-Control-Allow-Origin': origins.includes('*') ? '*' : origin,
        'Access-Control-Expose-Headers': RESPONSE_HEADERS,
      })
      if (preflight) {
        res.vary('Access-Control-Request-Headers')
        res.set({
          'Access-Control-Allow-Methods': METHODS,
          'Access-Control-Allow-Headers': allowedHeaders(req.headers['access-control-request-headers']),
          'Access-Control-Max-Age': '86400',
        })
      }
    }
    if (preflight) res.status(204).end()
    return preflight
  }
}
