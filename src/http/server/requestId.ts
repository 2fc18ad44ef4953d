import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { Deps } from '../../deps.ts'
import { withRequestId } from '../../logger.ts'
import { redact } from '../../runtime/redact.ts'
import { beginContext, contextOf } from '../contract/context.ts'
import { loggedPath } from '../fields/loggedPath.ts'
import { findPublicBase } from './publicBase.ts'

const FORM = /^[A-Za-z0-9_.:-]{1,128}$/
const isHarmless = (id: string) => FORM.test(id) && redact(id) === id

/**
 * Begins the context of every request, and logs a line when its answer ends. The id of the request is the X-Request-Id of the
 * client if that has the form `FORM` and no secret in it, because the audit keeps it; else a random UUID. All log lines of the
 * request carry the id.
 */
export const identifyRequest =
  ({ config, logger }: Deps): RequestHandler =>
  (req, res, next) => {
    const clientId = req.headers['x-request-id']
    const id = typeof clientId === 'string' && isHarmless(clientId) ? clientId : randomUUID()
    beginContext(req, { id, publicBase: findPublicBase(req, config.http) })
    res.setHeader('X-Request-Id', id)
    const startedAt = performance.now()
    res.once('close', () => {
      const milliseconds = Math.round(performance.now() - startedAt)
      const { method } = req
      logger.request(method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? 'debug' : 'info', {
        actor: contextOf(req).actor?.name ?? null,
        ...{ id, method, status: res.statusCode, milliseconds, finished: res.writableFinished },
        path: loggedPath(req.originalUrl),
      })
    })
    withRequestId(id, next)
  }
