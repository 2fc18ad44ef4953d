import type { Request } from 'express'
import { badRequest } from '../problems/httpErrors.ts'

/**
 * Refuses a path that is not percent-encoded UTF-8. The validator would refuse the path of an operation too, but its error
 * gives no reason and calls the path a part of the body.
 */
export function refuseMalformedPath({ path }: Request): void {
  if (path.includes('%') && !isDecodable(path)) throw badRequest('The path is not percent-encoded UTF-8.')
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
