import express, { type Request, type RequestHandler } from 'express'
import { match } from 'path-to-regexp'
import { contextOf } from './context.ts'
import type { DescribedOperation } from './describedOperation.ts'
import type { Route } from './spec.ts'

/** What the validator keeps about a request in `req.openapi`. */
interface Found {
  readonly schema: DescribedOperation
  readonly pathParams: Record<string, string>
}

/**
 * Finds the operation of a request as the validator's own `stages` do, and puts it into the context. The stages compile every
 * path anew for every request, so they run once per operation, and for requests that ask for none: they say why.
 */
export function findOperation(routes: readonly Route[], stages: readonly RequestHandler[]): RequestHandler {
  const runStages = express.Router().use(...stages)
  const known = routes.map((route) => ({
    method: route.method.toUpperCase(),
    operationId: route.operationId,
    match: match<Record<string, string>>(route.expressPath, { sensitive: true }),
    found: undefined as Found | undefined,
  }))
  return (req, res, next) => {
    const [path = ''] = req.originalUrl.split('?', 1)
    for (const route of known) {
      const matched = route.method === req.method && route.match(path)
      if (!matched) continue
      if (route.found) {
        const openapi = { ...route.found, pathParams: { ...matched.params } }
        Object.assign(req, { openapi })
        keepOperation(req, route.operationId, openapi)
        return next()
      }
      return runStages(req, res, (error?: unknown) => {
        const found = error ? undefined : foundBy(req)
        if (!found) return next(error)
        route.found = found
        keepOperation(req, route.operationId, found)
        next()
      })
    }
    runStages(req, res, next)
  }
}

const foundBy = (req: Request & { readonly openapi?: Found }): Found | undefined => req.openapi

function keepOperation(req: Request, id: string, { schema, pathParams }: Found): void {
  contextOf(req).operation = { id, description: schema, pathParameters: pathParams }
  forgetType(req, schema)
}

/**
 * Simplifies a Content-Type that the operation does not depend on: the validator keeps compiled schemas for each distinct
 * one, so those of a stranger would fill the memory.
 */
function forgetType(req: Request, { requestBody }: DescribedOperation): void {
  if (!requestBody) delete req.headers['content-type']
  else if (requestBody.content['*/*']) req.headers['content-type'] = 'application/octet-stream'
}
