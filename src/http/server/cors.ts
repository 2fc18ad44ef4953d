import type { RequestHandler } from 'express'

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
