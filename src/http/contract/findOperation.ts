import express, { type Request, type RequestHandler } from 'express'
import { match } from 'path-to-regexp'
import { contextOf } from './context.ts'
import type { DescribedOperation } from './describedOperation.ts'
import type { Route } from './spec.ts'

/** The fields of `req.openapi`, where the validator keeps the operation of a request. */
interface OpenApiMatch {
  readonly schema: DescribedOperation
  readonly pathParams: Record<string, string>
}

/**
 * Finds the operation of a request and puts it into the context. The result is that of `stages`, the middleware of the
 * validator. The stages compile every path again for every request, so they run only for the first request of each operation,
 * and for a request without an operation, because their error says what is wrong.
 */
export function findOperation(routes: readonly Route[], stages: readonly RequestHandler[]): RequestHandler {
  const runStages = express.Router().use(...stages)
  const known = routes.map((route) => ({
    method: route.method.toUpperCase(),
    operationId: route.operationId,
    match: match<Record<string, string>>(route.expressPath, { sensitive: true }),
    openapi: undefined as OpenApiMatch | undefined,
  }))
  return (req, res, next) => {
    const [path = ''] = req.originalUrl.split('?', 1)
    for (const route of known) {
      const matched = route.method === req.method && route.match(path)
      if (!matched) continue
      if (route.openapi) {
        const openapi = { ...route.openapi, pathParams: { ...matched.params } }
        Object.assign(req, { openapi })
        keepOperation(req, route.operationId, openapi)
        return next()
      }
      return runStages(req, res, (error?: unknown) => {
        const openapi = error ? undefined : openApiMatch(req)
        if (!openapi) return next(error)
        route.openapi = openapi
        keepOperation(req, route.operationId, openapi)
        next()
      })
    }
    runStages(req, res, next)
  }
}

const openApiMatch = (req: Request & { readonly openapi?: OpenApiMatch }): OpenApiMatch | undefined =>
  req.openapi

function keepOperation(req: Request, id: string, { schema, pathParams }: OpenApiMatch): void {
  contextOf(req).operation = { id, description: schema, pathParameters: pathParams }
  simplifyUnusedType(req, schema)
}

/**
 * Removes a Content-Type that the operation does not use, or replaces it by a general one. The validator keeps compiled
 * schemas for each distinct Content-Type, so a stranger could fill the memory with new ones.
 */
function simplifyUnusedType(req: Request, { requestBody }: DescribedOperation): void {
  if (!requestBody) delete req.headers['content-type']
  else if (requestBody.content['*/*']) req.headers['content-type'] = 'application/octet-stream'
}
