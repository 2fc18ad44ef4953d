import type { Request, RequestHandler, Response } from 'express'
import { type MatchFunction, match } from 'path-to-regexp'
import { contextOf, type RequestedOperation } from './context.ts'
import type { DescribedOperation } from './describedOperation.ts'
import { runMiddleware } from './runMiddleware.ts'
import type { Route } from './spec.ts'

/** The fields of `req.openapi`, where the validator keeps the operation of a request. */
interface OpenApiMatch {
  readonly schema: DescribedOperation
  readonly pathParams: Record<string, string>
}

interface KnownRoute {
  readonly operationId: string
  readonly matches: MatchFunction<Record<string, string>>
  /** What the validator finds; undefined until the first request. */
  openapi: OpenApiMatch | undefined
}

/**
 * Makes the function that finds the operation of a request, puts it into the context, and returns it; undefined when there is
 * none. The result is that of `stages`, the middleware of the validator. The stages compile every path again for every request,
 * so they run only for the first request of each operation.
 */
export function operationFinder(routes: readonly Route[], stages: readonly RequestHandler[]) {
  const known = new Map<string, KnownRoute[]>()
  for (const { method, operationId, expressPath } of routes) {
    const shape = shapeOf(method.toUpperCase(), expressPath)
    const matches = match<Record<string, string>>(expressPath, { sensitive: true })
    known.set(shape, [...(known.get(shape) ?? []), { operationId, matches, openapi: undefined }])
  }

  return async (req: Request, res: Response): Promise<RequestedOperation | undefined> => {
    const path = pathOf(req)
    for (const route of known.get(shapeOf(req.method, path)) ?? []) {
      const matched = route.matches(path)
      if (!matched) continue
      if (route.openapi)
        Object.assign(req, { openapi: { ...route.openapi, pathParams: { ...matched.params } } })
      else for (const stage of stages) await runMiddleware(stage, req, res)
      const openapi = openApiMatch(req)
      if (!openapi) return undefined
      route.openapi ??= openapi
      return keepOperation(req, route.operationId, openapi)
    }
    return undefined
  }
}

/** The method and the number of segments of a path: few routes share both. A slash at the end counts for none. */
const shapeOf = (method: string, path: string) =>
  `${method} ${path.split('/').length - (path.endsWith('/') ? 1 : 0)}`

/** The path of a request's target, as the client wrote it. */
export const pathOf = ({ originalUrl }: Request): string => originalUrl.split('?', 1)[0] ?? ''

const openApiMatch = (req: Request & { readonly openapi?: OpenApiMatch }): OpenApiMatch | undefined =>
  req.openapi

function keepOperation(req: Request, id: string, { schema, pathParams }: OpenApiMatch): RequestedOperation {
  const operation = { id, description: schema, pathParameters: pathParams }
  contextOf(req).operation = operation
  simplifyUnusedType(req, schema)
  return operation
}

/**
 * Removes a Content-Type that the operation does not use, or replaces it by a general one. The validator keeps compiled
 * schemas for each distinct Content-Type, so a stranger could fill the memory with new ones.
 */
function simplifyUnusedType(req: Request, { requestBody }: DescribedOperation): void {
  if (!requestBody) delete req.headers['content-type']
  else if (requestBody.content['*/*']) req.headers['content-type'] = 'application/octet-stream'
}
