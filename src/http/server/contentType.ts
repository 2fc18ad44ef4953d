import type { RequestHandler } from 'express'
import { badRequest } from '../problems/httpErrors.ts'

/**
 * Takes every parameter but the boundary off Content-Type: the validator keeps a compiled schema for each distinct
 * header, so parameters of a stranger would fill the memory.
 */
export const simplifyContentType: RequestHandler = (req, _res, next) => {
  const type = req.headers['content-type']
  if (type === undefined) return next()
  const essence = type.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (essence !== 'multipart/form-data') {
    req.headers['content-type'] = essence
    return next()
  }
  // Of several boundaries, a filter in front could take another one than we and see other parts.
  if ((type.match(/;\s*boundary[*\d]*\s*=/gi)?.length ?? 0) > 1)
    return next(badRequest('Content-Type has more than one boundary.'))
  const boundary = /;\s*boundary=("[^"]*"|[^;\s]*)/i.exec(type)?.[0]
  req.headers['content-type'] = `${essence}${boundary ?? ''}`
  next()
}
