import type { ErrorRequestHandler, Request, Response } from 'express'
import type { Deps } from '../deps.ts'
import { contextOf } from './contract/context.ts'
import { tellOfSession } from './contract/session.ts'
import { loggedPath } from './fields/loggedPath.ts'
import { HttpError } from './problems/httpErrors.ts'
import { toProblem } from './problems/problems.ts'
import { releaseClaim } from './receive/claims.ts'
import { giveUpReceived } from './receive/received.ts'

/** Answers every error with a problem. Gives up the file that came with the request, when no handler took the file. */
export const problemHandler =
  (deps: Deps): ErrorRequestHandler =>
  async (error: unknown, req: Request, res: Response, _next) => {
    const { logger } = deps
    const { body, headers } = toProblem(tellOfSession(deps, req, res, error))
    const request = { request_id: contextOf(req).id, method: req.method, path: loggedPath(req.originalUrl) }
    const fields = { ...request, status: body.status, code: body.code }
    // An HttpError is the fault of the request, also 501 and 505.
    if (body.status >= 500 && !(error instanceof HttpError))
      logger.error('Request failed', { ...fields, error })
    else logger.debug('Request refused', fields)
    await giveUpReceived(deps, req)
    await releaseClaim(req, error)
    if (res.destroyed || res.writableEnded) return // the client has disconnected, or has its answer
    if (res.headersSent) return void res.destroy() // too late for another status: cut the connection

    // These headers describe the bytes of a file. Policies stay: they fit every answer.
    for (const name of res.getHeaderNames())
      if (/^(content-(?!security-policy)|etag|last-modified|accept-ranges|repr-)/.test(name))
        res.removeHeader(name)
    res.status(body.status).set(headers).set('Cache-Control', 'no-store').type('application/problem+json')
    // Not res.json: the response validator would turn a status that the spec does not name into another error.
    res.send(JSON.stringify({ ...body, request_id: request.request_id }))
  }
