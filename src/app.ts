import express, { type Express } from 'express'
import type { Deps } from './deps.ts'
import { registry } from './handlers/index.ts'
import { cors, refuseForeignPages } from './http/cors.ts'
import { docs } from './http/docs.ts'
import { forbidSniffing } from './http/forbidSniffing.ts'
import { refuseOddFraming, simplifyContentType } from './http/framing.ts'
import { notFound } from './http/httpErrors.ts'
import { routeOperations } from './http/operations.ts'
import { pageAssets } from './http/page.ts'
import { problemHandler } from './http/problemHandler.ts'
import { publicUrlSetting } from './http/publicUrl.ts'
import { identifyRequest } from './http/requestId.ts'
import { loadSpec } from './http/spec.ts'

/** The order of middleware, nothing else. Throws when the spec is broken or disagrees with the handlers. */
export async function createApp(deps: Deps): Promise<Express> {
  const { corsOrigins, publicUrl, trustedProxies } = deps.config.http
  const spec = await loadSpec()
  const app = express()
  app
    .disable('x-powered-by')
    .disable('etag')
    .enable('case sensitive routing') // else a proxy's rule for a path could be stepped around
    .set('trust proxy', trustedProxies)
    .set(publicUrlSetting, publicUrl)

  app.use(identifyRequest(deps))
  app.use(forbidSniffing)
  app.use(refuseOddFraming)
  app.use(cors(corsOrigins))
  app.use(refuseForeignPages(corsOrigins))
  app.use(docs(spec))
  app.use('/web', pageAssets())
  app.use(simplifyContentType)
  app.use(...routeOperations(spec, registry, deps))
  app.use((_req, _res, next) => next(notFound()))
  app.use(problemHandler(deps))
  return app
}
