import type { RequestHandler } from 'express'
import { badRequest } from '../problems/httpErrors.ts'

/**
 * Removes every parameter but the boundary from Content-Type. The validator keeps compiled schemas for each distinct
 * Content-Type, so a stranger could fill the memory with new parameters.
 */
export const simplifyContentType: RequestHandler = (req, _res, next) => {
  const type = req.headers['content-type']
  if (type === undefined) return next()
  const essence = type.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (essence !== 'multipart/form-data') {
    req.headers['content-type'] = essence
    return next()
  }
  // A proxy that filters forms could use another one of several boundaries than this service, and would see other parts.
  if ((type.match(/;\s*boundary[*\d]*\s*=/gi)?.length ?? 0) > 1)
    return next(badRequest('Content-Type has more than one boundary.'))
  const boundary = /;\s*boundary=("[^"]*"|[^;\s]*)/i.exec(type)?.[0]
  req.headers['content-type'] = `${essence}${boundary ?? ''}`
  next()
}
