import type { Request, RequestHandler } from 'express'
import { descriptionOf } from './context.ts'

/** Parameters that come with a body of so many bytes, or fewer, are judged together with it. */
const SMALL_BODY_BYTES = 2 ** 20

/**
 * Lets the validator judge the parameters of a request before its body is asked for, when the body is large, of unknown
 * length, or waits for 100-continue. `validate` is a stage of a validator that judges nothing else.
 */
export const parametersFirst =
  (validate: RequestHandler): RequestHandler =>
  (req, res, next) => {
    if (!isCostly(req)) return next()
    const { requestBody, ...schema } = descriptionOf(req) ?? {}
    if (!requestBody || !('openapi' in req)) return next()
    const { openapi } = req
    Object.assign(req, { openapi: { ...Object(openapi), schema } })
    validate(req, res, (error?: unknown) => {
      Object.assign(req, { openapi })
      next(error)
    })
  }

const isCostly = ({ headers }: Request) =>
  headers.expect !== undefined ||
  headers['transfer-encoding'] !== undefined ||
  Number(headers['content-length'] ?? 0) > SMALL_BODY_BYTES
