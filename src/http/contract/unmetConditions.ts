import type { RequestHandler } from 'express'
import { preconditionFailed } from '../../errors/requests.ts'
import { header } from '../fields/header.ts'
import { declares } from './context.ts'

/**
 * Refuses a change under a condition that cannot hold: a bucket, an upload or a new file has no entity tag that If-Match could
 * name, and what is deleted or changed exists, which `If-None-Match: *` rules out (RFC 9110, 13.1). An operation with the
 * parameter If-Match judges both headers itself. Throws `precondition-failed`.
 */
export const refuseUnmetConditions: RequestHandler = (req, _res, next) => {
  if (req.method === 'GET' || req.method === 'HEAD' || declares(req, 'If-Match')) return next()
  if ((header(req, 'if-match') ?? '*').trim() !== '*') throw preconditionFailed('If-Match')
  const needsResource = req.method === 'DELETE' || req.method === 'PATCH'
  if (needsResource && header(req, 'if-none-match')?.trim() === '*') throw preconditionFailed('If-None-Match')
  next()
}
