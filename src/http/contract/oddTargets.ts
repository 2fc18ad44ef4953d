import type { RequestHandler } from 'express'
import { queryInvalid } from '../../errors/requests.ts'
import { badRequest } from '../problems/httpErrors.ts'
import { descriptionOf } from './context.ts'

/**
 * The validator reads brackets in the name of a parameter as a path and drops some without a word, so there are none but
 * in those that the spec calls deep.
 */
export const refuseNestedQuery: RequestHandler = (req, _res, next) => {
  if (!/\[|%5b/i.test(req.originalUrl)) return next()
  const names = [...new URLSearchParams(req.originalUrl.replace(/^[^?]*/, '')).keys()]
  const deep = (descriptionOf(req)?.parameters ?? []).flatMap((parameter) =>
    parameter.style === 'deepObject' ? [parameter.name] : [],
  )
  const nested = names.some(
    (name) => name.includes('[') && !deep.some((prefix) => name.startsWith(`${prefix}[`)),
  )
  next(nested ? badRequest('The names of query parameters have no brackets.') : undefined)
}

/** The validator would refuse the path of an operation, too, but would not say why, and call the path a part of the body. */
export const refuseMalformedPath: RequestHandler = ({ path }, _res, next) => {
  next(
    path.includes('%') && !isDecodable(path) ? badRequest('The path is not UTF-8 in percents.') : undefined,
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

/** The validator makes `Infinity` and `1e400` numbers, and then compares only finite ones with the limits of the spec. */
export const refuseInfiniteQuery: RequestHandler = (req, _res, next) => {
  const values: [string, unknown][] = Object.entries(req.query)
  const infinite = values.find(([, value]) => typeof value === 'number' && !Number.isFinite(value))
  next(infinite ? queryInvalid(infinite[0], 'must be a finite number') : undefined)
}
