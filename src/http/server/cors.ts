import type { RequestHandler } from 'express'
import { forbidden } from '../problems/httpErrors.ts'

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const REQUEST_HEADERS = [
  'Authorization, Content-Type, Content-Disposition, Content-Digest, Repr-Digest, Idempotency-Key',
  'If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range, Range, X-Api-Key',
  'X-Requested-With, X-Request-Id',
].join(', ')
const RESPONSE_HEADERS = [
  'Location, ETag, Content-Disposition, Content-Length, Content-Range, Accept-Ranges, Content-Digest, Repr-Digest',
  'Last-Modified, Link, X-Total-Count, Retry-After, X-Request-Id, Idempotency-Replayed',
].join(', ')

/**
 * CORS for exactly the configured origins (Fetch standard). Answers every preflight: a preflight needs no operation in the
 * spec. Credentials are never allowed, because the service has no cookies.
 */
export function cors(origins: readonly string[]): RequestHandler {
  return (req, res, next) => {
    const { origin } = req.headers
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
        res.set({
          'Access-Control-Allow-Methods': METHODS,
          'Access-Control-Allow-Headers': REQUEST_HEADERS,
          'Access-Control-Max-Age': '86400',
        })
      }
    }
    if (!preflight) return next()
    res.status(204).end()
  }
}

/** Uppy announces a file by a GET of this path. As in all operations, the path may end with a slash. */
const CHANGED_BY_GET = /^\/s3\/params\/?$/

/**
 * Refuses changes by pages of other sites. Browsers send a form without a preflight, also to a service that only their own
 * machine can reach. Browsers name the kind of site in Sec-Fetch-Site; other clients do not send this header.
 */
export function refuseForeignPages(origins: readonly string[]): RequestHandler {
  return ({ method, path, headers: { origin = '', 'sec-fetch-site': site } }, _res, next) => {
    const reads = ['GET', 'HEAD', 'OPTIONS'].includes(method) && !CHANGED_BY_GET.test(path)
    const harmless = site !== 'cross-site' || reads
    if (harmless || origins.includes('*') || origins.includes(origin)) return next()
    next(forbidden('A page of another site may make changes only when CORS_ORIGINS names its origin.'))
  }
}
