import type { RequestHandler } from 'express'
import { badRequest, expectationFailed } from './httpErrors.ts'

/** Refuses what Node lets through and no honest client sends: two Host headers, an absolute target, odd expectations. */
export const refuseOddFraming: RequestHandler = (req, _res, next) => {
  const { rawHeaders } = req
  const hosts = rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.length === 4 && /^host$/i.test(name),
  ).length
  if (hosts > 1) return next(badRequest('There is more than one Host header.'))
  if (!req.originalUrl.startsWith('/') && req.originalUrl !== '*') {
    return next(badRequest('The target of a request must begin with a slash: this is no proxy.'))
  }
  const { expect } = req.headers
  if (expect !== undefined && !/^100-continue$/i.test(expect)) return next(expectationFailed())
  next()
}

/**
 * Takes every parameter but the boundary off Content-Type: the validator keeps a compiled schema for each distinct
 * header, so parameters of a stranger would fill the memory. A raw body without a type gets the general one.
 */
export const simplifyContentType: RequestHandler = (req, _res, next) => {
  const type = req.headers['content-type']
  if (type === undefined) {
    if (req.method === 'PUT') req.headers['content-type'] = 'application/octet-stream'
    return next()
  }
  const essence = type.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const boundary =
    essence === 'multipart/form-data' ? /;\s*boundary=("[^"]*"|[^;\s]*)/i.exec(type)?.[0] : undefined
  req.headers['content-type'] = `${essence}${boundary ?? ''}`
  next()
}
