import type { IncomingMessage } from 'node:http'
import { badRequest } from '../problems/httpErrors.ts'

/**
 * Removes every parameter but the boundary from Content-Type. The validator keeps compiled schemas for each distinct
 * Content-Type, so a stranger could fill the memory with new parameters.
 */
export function simplifyContentType(req: IncomingMessage): void {
  const type = req.headers['content-type']
  if (type === undefined) return
  const essence = type.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (essence !== 'multipart/form-data') {
    req.headers['content-type'] = essence
    return
  }
  // A proxy that filters forms could use another one of several boundaries than this service, and would see other parts.
  if ((type.match(/;\s*boundary[*\d]*\s*=/gi)?.length ?? 0) > 1)
    throw badRequest('Content-Type has more than one boundary.')
  const boundary = /;\s*boundary=("[^"]*"|[^;\s]*)/i.exec(type)?.[0]
  req.headers['content-type'] = `${essence}${boundary ?? ''}`
}
