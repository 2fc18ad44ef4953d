import type { Request, RequestHandler } from 'express'
import { descriptionOf } from './context.ts'

/** With a body of at most this size, parameters are validated together with the body. */
const SMALL_BODY_BYTES = 2 ** 20

/**
 * Validates the parameters of a request before its body is received, when the body is large, has no known length, or waits for
 * 100-continue. `validate` is the request stage of a validator that is used for nothing else.
 */
export const parametersFirst =
  (validate: RequestHandler): RequestHandler =>
  (req, res, next) => {
    if (!hasCostlyBody(req)) return next()
    const { requestBody, ...schema } = descriptionOf(req) ?? {}
    if (!requestBody || !('openapi' in req)) return next()
    const { openapi } = req
    Object.assign(req, { openapi: { ...Object(openapi), schema } })
    validate(req, res, (error?: unknown) => {
      Object.assign(req, { openapi })
      next(error)
    })
  }

const hasCostlyBody = ({ headers }: Request) =>
  headers.expect !== undefined ||
  headers['transfer-encoding'] !== undefined ||
  Number(headers['content-length'] ?? 0) > SMALL_BODY_BYTES
