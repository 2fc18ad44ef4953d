import express, { type Request, type RequestHandler } from 'express'
import { match } from 'path-to-regexp'
import { type HttpError, methodNotAllowed } from '../problems/httpErrors.ts'
import { contextOf } from './context.ts'
import type { DescribedOperation } from './describedOperation.ts'
import { methodHints } from './hints.ts'
import type { Route } from './spec.ts'

/** The fields of `req.openapi`, where the validator keeps the operation of a request. */
interface OpenApiMatch {
  readonly schema: DescribedOperation
  readonly pathParams: Record<string, string>
}

/**
 * Finds the operation of a request and puts it into the context. The result is that of `stages`, the middleware of the
 * validator. The stages compile every path again for every request, so they run only for the first request of each operation.
 * Refuses a method that the path does not have. A request for another path has no operation.
 */
export function findOperation(routes: readonly Route[], stages: readonly RequestHandler[]): RequestHandler {
  const runStages = express.Router().use(...stages)
  const known = routes.map((route) => ({
    method: route.method.toUpperCase(),
    operationId: route.operationId,
    expressPath: route.expressPath,
    match: match<Record<string, string>>(route.expressPath, { sensitive: true }),
    openapi: undefined as OpenApiMatch | undefined,
  }))

  /** Undefined when no operation has the path. */
  function refuseMethod(method: string, path: string): HttpError | undefined {
    const expressPath = known.find((route) => route.match(path))?.expressPath
    if (expressPath === undefined) return undefined
    const methods = known.filter((route) => route.expressPath === expressPath).map((route) => route.method)
    const hint = methodHints[`${method} ${expressPath}`]
    return methodNotAllowed(method, [...new Set([...methods, 'OPTIONS'])].join(', '), hint)
  }

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
    next(refuseMethod(req.method, path))
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
