import type { RequestHandler } from 'express'
import type { Deps } from '../deps.ts'
import { authenticate } from './contract/authenticate.ts'
import { authorize } from './contract/authorize.ts'
import { contextOf } from './contract/context.ts'
import type { Contract } from './contract/contract.ts'
import { operationFinder } from './contract/findOperation.ts'
import { limitFailures, limitRates } from './contract/limitRates.ts'
import { refuseMalformedPath } from './contract/malformedPath.ts'
import type { BoundHandlers, Registry } from './contract/operation.ts'
import { otherMethods } from './contract/otherMethods.ts'
import { validateParametersFirst } from './contract/parametersFirst.ts'
import { refuseOddValues } from './contract/queryValues.ts'
import { requireLink } from './contract/requireLink.ts'
import { runMiddleware } from './contract/runMiddleware.ts'
import { checkSecurity, securityOf } from './contract/securityOf.ts'
import type { Spec } from './contract/spec.ts'
import { refuseUnacceptable } from './contract/unacceptable.ts'
import { judgeUnknownParameters } from './contract/unknownParameters.ts'
import { refuseUnmetConditions } from './contract/unmetConditions.ts'
import { receiveBody } from './receive/receiveBody.ts'

/**
 * Serves the operations of the contract: one pass, in the order below, for every request. A request for another path goes on to
 * what follows in the application.
 */
export function routeOperations(
  { spec, validators }: Contract,
  registry: Registry,
  deps: Deps,
): RequestHandler {
  checkSecurity({ spec })
  const handlers = bindOperations(spec, registry, deps)
  const { findStages, validationStages } = validators.whole
  const findOperation = operationFinder(spec.routes, findStages)
  const answerOtherMethod = otherMethods(spec.routes)
  return async (req, res, next) => {
    refuseMalformedPath(req)
    const operation = await findOperation(req, res)
    if (!operation) return answerOtherMethod(req, res) ? undefined : next()
    const security = securityOf(operation.description)
    const actor = await authenticate(deps, req, security).catch((refusal: unknown) =>
      limitFailures(deps, req, res, refusal),
    )
    contextOf(req).actor = actor
    limitRates(deps, req, res)
    await authorize(deps, req, actor, security)
    judgeUnknownParameters(req)
    await requireLink(deps, req)
    refuseOddValues(req)
    refuseUnacceptable(req)
    refuseUnmetConditions(req)
    await validateParametersFirst(validators.parameters, req, res)
    // Behind the link, so that no body of a stranger is stored; before the validation, which needs the fields of the body.
    await receiveBody(deps, req, res)
    for (const stage of validationStages) await runMiddleware(stage, req, res)
    req.params = operation.pathParameters
    await handlers.get(operation.id)?.(req, res, next)
  }
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
