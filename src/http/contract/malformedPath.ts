import type { RequestHandler } from 'express'
import { badRequest } from '../problems/httpErrors.ts'

/**
 * Refuses a path that is not percent-encoded UTF-8. The validator would refuse the path of an operation too, but its error
 * gives no reason and calls the path a part of the body.
 */
export const refuseMalformedPath: RequestHandler = ({ path }, _res, next) => {
  next(
    path.includes('%') && !isDecodable(path)
      ? badRequest('The path is not percent-encoded UTF-8.')
      : undefined,
  )
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
