import express, { type RequestHandler } from 'express'
import * as OpenApiValidator from 'express-openapi-validator'
import type { Deps } from '../deps.ts'
import { acceptsAnswer } from './contract/accepts.ts'
import { contextOf } from './contract/context.ts'
import { findOperation } from './contract/findOperation.ts'
import { refuseInfiniteQuery, refuseMalformedPath, refuseNestedQuery } from './contract/oddTargets.ts'
import type { BoundHandlers, Registry } from './contract/operation.ts'
import { parametersFirst } from './contract/parametersFirst.ts'
import { requireLink } from './contract/requireLink.ts'
import type { Spec } from './contract/spec.ts'
import { receiveBody } from './receive/receiveBody.ts'

/** The middleware that makes the spec the running router: find the operation, receive its body, validate, serve. */
export function routeOperations(spec: Spec, registry: Registry, deps: Deps): RequestHandler[] {
  const handlers = bindOperations(spec, registry, deps)
  const { validateResponses } = deps.config.http
  const { finding, security, judging } = createValidator(spec, { validateResponses })
  // Another one, because a validator remembers for each operation whether it has a body.
  const parameters = createValidator(spec, { validateResponses: false })
  return [
    answerOptions(spec),
    refuseMalformedPath,
    findOperation(spec.routes, finding),
    refuseNestedQuery,
    ...security,
    requireLink(deps),
    acceptsAnswer,
    parametersFirst(parameters.judging[0]),
    // Received before the security stage, bodies of strangers would be stored; after the request stage, none would be valid.
    receiveBody(deps),
    ...judging,
    refuseInfiniteQuery,
    serve(handlers),
  ]
}

/** The stages of a validator; the first of those that judge judges requests, the others answers. */
function createValidator(spec: Spec, { validateResponses }: { validateResponses: boolean }) {
  const validator = OpenApiValidator.middleware({
    apiSpec: structuredClone(spec.running),
    validateApiSpec: false, // loadSpec did
    fileUploader: false,
    validateRequests: { allErrors: false, coerceTypes: false },
    validateResponses: validateResponses && {
      onError: (error) => {
        throw Object.assign(new Error(`The answer breaks the contract: ${error.message}`), { cause: error })
      },
    },
    validateSecurity: false,
  })
  const stages: readonly RequestHandler[] = Array.isArray(validator) ? validator : []
  const names = 'pathParamsMiddleware metadataMiddleware securityMiddleware requestMiddleware'
  const [, , , request] = stages
  if (!request || !`${stages.map(({ name }) => name).join(' ')} `.startsWith(`${names} `)) {
    throw new Error('express-openapi-validator changed the order of its middleware.')
  }
  return {
    finding: stages.slice(0, 2),
    security: stages.slice(2, 3),
    judging: [request, ...stages.slice(4)] as const,
  }
}

/** Fails at start, not at the first request, when spec and handlers disagree. */
function bindOperations(spec: Spec, registry: Registry, deps: Deps): BoundHandlers {
  const declared = new Set(spec.routes.map((route) => route.operationId))
  const entries = Object.entries(registry)
  const unknown = entries.map(([id]) => id).filter((id) => !declared.has(id))
  const missing = [...declared].filter((id) => !Object.hasOwn(registry, id))
  if (missing.length + unknown.length > 0) {
    throw new Error(`Without a handler: [${missing}]. Without an operation in the spec: [${unknown}].`)
  }
  // The validator saw to it that a request is what its handler's types say; the compiler cannot know.
  return new Map(entries.map(([id, operation]) => [id, operation(deps) as unknown as RequestHandler]))
}

/** Answers OPTIONS with the methods of a path, unless the spec has an operation for that. */
function answerOptions({ routes }: Spec): RequestHandler {
  const router = express.Router({ caseSensitive: true })
  for (const [expressPath, methods] of Map.groupBy(routes, (route) => route.expressPath)) {
    const names = methods.map(({ method }) => method.toUpperCase())
    const allow = [...names, 'OPTIONS'].join(', ')
    router.options(expressPath, (_req, res, next) => {
      if (names.includes('OPTIONS')) return next('router')
      res.set('Allow', allow).status(204).end()
    })
  }
  return (req, res, next) => (req.method === 'OPTIONS' ? router(req, res, next) : next())
}

/** Runs the handler of the operation, with the path's parameters as the validator left them. */
const serve =
  (handlers: BoundHandlers): RequestHandler =>
  (req, res, next) => {
    const { operation } = contextOf(req)
    const handler = operation && handlers.get(operation.id)
    if (!handler) return next()
    req.params = operation.pathParameters
    return handler(req, res, next)
  }
