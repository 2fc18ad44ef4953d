import express, { type Express } from 'express'
import type { Deps } from './deps.ts'
import { wasOpen } from './domain/access/openness.ts'
import { registry } from './handlers/index.ts'
import { json } from './http/answers/json.ts'
import type { Contract } from './http/contract/contract.ts'
import { addressHint } from './http/contract/hints.ts'
import { parseQuery } from './http/fields/query.ts'
import { docs } from './http/pages/docs.ts'
import { pageAssets } from './http/pages/page.ts'
import { problemHandler } from './http/problemHandler.ts'
import { notFound } from './http/problems/httpErrors.ts'
import { routeOperations } from './http/routeOperations.ts'
import { guardRequests } from './http/server/guardRequests.ts'
import { identifyRequest } from './http/server/requestId.ts'

/** The application: its middleware, in order. Throws when the contract disagrees with the handlers. */
export function createApp(deps: Deps, contract: Contract): Express {
  const { http } = deps.config
  const app = express()
  // Case-sensitive, so that another spelling of a path cannot avoid a proxy's rule for the path.
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').set('query parser', parseQuery)

  app.response.json = json
  app.use(identifyRequest(deps))
  app.use(guardRequests(http, contract.spec, () => wasOpen(deps)))
  app.use(routeOperations(contract, registry, deps))
  app.use(docs(contract.spec))
  app.use('/web', pageAssets())
  app.use(({ method }, _res, next) => next(notFound(addressHint(method))))
  app.use(problemHandler(deps))
  return app
}
