import express, { type Request, type RequestHandler } from 'express'
import { match } from 'path-to-regexp'
import { operationOf } from './matchedRequest.ts'
import type { Route } from './spec.ts'

/**
 * Finds the operation of a request: what the validator's own `stages` find. They compile every path anew for every request,
 * so they are asked once per operation, and later only for what is none.
 */
export function findOperation(routes: readonly Route[], stages: readonly RequestHandler[]): RequestHandler {
  const ask = express.Router().use(...stages)
  const known = routes.map(({ method, expressPath }) => ({
    method: method.toUpperCase(),
    match: match(expressPath, { sensitive: true }),
    found: undefined as object | undefined,
  }))
  return (req, res, next) => {
    const [path = ''] = req.originalUrl.split('?', 1)
    for (const route of known) {
      const matched = route.method === req.method && route.match(path)
      if (!matched) continue
      if (route.found) {
        Object.assign(req, { openapi: { ...route.found, pathParams: { ...matched.params } } })
        forgetType(req)
        return next()
      }
      return ask(req, res, (error?: unknown) => {
        if (!error && 'openapi' in req) route.found = Object(req.openapi)
        forgetType(req)
        next(error)
      })
    }
    ask(req, res, next)
  }
}

/**
 * Where any type will do, or none is looked at: the validator keeps compiled schemas for each distinct Content-Type, so
 * those of a stranger would fill the memory.
 */
function forgetType(req: Request) {
  const content = operationOf(req)?.requestBody?.content
  if (!content) delete req.headers['content-type']
  else if (content['*/*']) req.headers['content-type'] = 'application/octet-stream'
}
