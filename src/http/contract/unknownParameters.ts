import type { RequestHandler } from 'express'
import { decodeParameter } from '../fields/query.ts'
import { descriptionOf } from './context.ts'

/**
 * Removes the query parameters that the operation does not know, when the spec says that it ignores them. Other sites and tools
 * append parameters of their own to an address that people share, or that a load balancer asks.
 */
export const ignoreUnknownParameters: RequestHandler = (req, _res, next) => {
  const description = descriptionOf(req)
  const [path = '', query] = req.url.split(/\?(.*)/s)
  if (query === undefined || description?.['x-unknown-parameters'] !== 'ignored') return next()
  const names = new Set(description.parameters?.map(({ name }) => name))
  const known = query.split('&').filter((pair) => names.has(decodeParameter(pair.split('=', 1)[0] ?? '')))
  req.url = known.length === 0 ? path : `${path}?${known.join('&')}`
  next()
}
