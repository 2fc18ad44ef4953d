import express, { type RequestHandler } from 'express'
import type { Deps } from '../deps.ts'
import { acceptsAnswer } from './contract/accepts.ts'
import { contextOf } from './contract/context.ts'
import type { Contract } from './contract/contract.ts'
import { findOperation } from './contract/findOperation.ts'
import { refuseMalformedPath } from './contract/malformedPath.ts'
import { allMethods } from './contract/methods.ts'
import type { BoundHandlers, Registry } from './contract/operation.ts'
import { parametersFirst } from './contract/parametersFirst.ts'
import { refuseOddValues } from './contract/queryValues.ts'
import { requireLink } from './contract/requireLink.ts'
import type { Spec } from './contract/spec.ts'
import { judgeUnknownParameters } from './contract/unknownParameters.ts'
import { refuseUnmetConditions } from './contract/unmetConditions.ts'
import { receiveBody } from './receive/receiveBody.ts'

/**
 * The middleware of all operations, in this order: find the operation, receive its body, validate the request, call the
 * handler.
 */
export function routeOperations(
  { spec, validators }: Contract,
  registry: Registry,
  deps: Deps,
): RequestHandler[] {
  const handlers = bindOperations(spec, registry, deps)
  const { findStages, securityStages, validationStages } = validators.whole
  return [
    answerOptions(spec),
    refuseMalformedPath,
    findOperation(spec.routes, findStages),
    judgeUnknownParameters,
    ...securityStages,
    requireLink(deps),
    refuseOddValues,
    acceptsAnswer,
    refuseUnmetConditions,
    parametersFirst(validators.parameters.validationStages[0]),
    // After the security stages, so that no body of a stranger is stored; before the validation, which needs the fields of
    // the body.
    receiveBody(deps),
    ...validationStages,
    serve(handlers),
  ]
}

/** Makes the handlers. Throws, at the start and not at the first request, when spec and handlers disagree. */
function bindOperations(spec: Spec, registry: Registry, deps: Deps): BoundHandlers {
  const declared = new Set(spec.routes.map((route) => route.operationId))
  const entries = Object.entries(registry)
  const unknown = entries.map(([id]) => id).filter((id) => !declared.has(id))
  const missing = [...declared].filter((id) => !Object.hasOwn(registry, id))
  if (missing.length + unknown.length > 0) {
    throw new Error(`Without a handler: [${missing}]. Without an operation in the spec: [${unknown}].`)
  }
  // The validator checks that a request has the types of its handler; the compiler cannot know that.
  return new Map(entries.map(([id, operation]) => [id, operation(deps) as unknown as RequestHandler]))
}

/**
 * Answers OPTIONS with the methods of the path, unless the spec has an OPTIONS operation for the path; for `*`, which means the
 * whole service (RFC 9110, 9.3.7), with all methods.
 */
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
  return (req, res, next) => {
    if (req.method !== 'OPTIONS') return next()
    if (req.url !== '*') return router(req, res, next)
    res.set('Allow', allMethods).status(204).end()
  }
}

/** Calls the handler of the operation, with the path parameters that the validator has decoded. */
const serve =
  (handlers: BoundHandlers): RequestHandler =>
  (req, res, next) => {
    const { operation } = contextOf(req)
    const handler = operation && handlers.get(operation.id)
    if (!handler) return next()
    req.params = operation.pathParameters
    return handler(req, res, next)
  }
