import type { RequestHandler } from 'express'
import { badRequest } from '../problems/httpErrors.ts'
import { descriptionOf } from './context.ts'

/**
 * Refuses brackets in the names of query parameters, except parameters that the spec gives the style `deepObject`. The
 * validator reads brackets as a path into an object and silently drops some of them.
 */
export const refuseNestedQuery: RequestHandler = (req, _res, next) => {
  if (!/\[|%5b/i.test(req.url)) return next()
  const names = [...new URLSearchParams(req.url.replace(/^[^?]*/, '')).keys()]
  const deep = (descriptionOf(req)?.parameters ?? []).flatMap((parameter) =>
    parameter.style === 'deepObject' ? [parameter.name] : [],
  )
  const nested = names.some(
    (name) => name.includes('[') && !deep.some((prefix) => name.startsWith(`${prefix}[`)),
  )
  next(nested ? badRequest('The name of a query parameter must not contain brackets.') : undefined)
}

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
