import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { Deps } from '../../deps.ts'
import { withRequestId } from '../../logger.ts'
import { beginContext } from '../contract/context.ts'
import { findPublicBase } from './publicBase.ts'

const FORM = /^[A-Za-z0-9_.:-]{1,128}$/

/** Gives every request a context with an id, the client's if it is harmless, and every answer a line in the log. All log lines of the request carry the id. */
export const identifyRequest =
  ({ config, logger }: Deps): RequestHandler =>
  (req, res, next) => {
    const given = req.headers['x-request-id']
    const id = typeof given === 'string' && FORM.test(given) ? given : randomUUID()
    beginContext(req, { id, publicBase: findPublicBase(req, config.http) })
    res.setHeader('X-Request-Id', id)
    const began = performance.now()
    res.once('close', () => {
      const milliseconds = Math.round(performance.now() - began)
      const { method } = req
      // Never the query: it may carry what only the client should know.
      const line = {
        request_id: id,
        method,
        path: pathOf(req.originalUrl),
        status: res.statusCode,
        milliseconds,
        finished: res.writableFinished,
      }
      if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') logger.debug('Request', line)
      else logger.info('Request', line)
    })
    withRequestId(id, next)
  }

/** The path of a target; an absolute one may hold a password in front of it. */
const pathOf = (url: string) => url.split('?', 1)[0]?.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '')
