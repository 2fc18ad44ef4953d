import type { Request, Response } from 'express'
import { descriptionOf } from './context.ts'
import type { Validator } from './contract.ts'
import { runMiddleware } from './runMiddleware.ts'

/** With a body of at most this size, parameters are validated together with the body. */
const SMALL_BODY_BYTES = 2 ** 20

/**
 * Validates the parameters of a request before its body is received, when the body is large, has no known length, or waits for
 * 100-continue. `validator` is used for nothing else.
 */
export async function validateParametersFirst(
  validator: () => Validator,
  req: Request,
  res: Response,
): Promise<void> {
  if (!hasCostlyBody(req)) return
  const { requestBody, ...schema } = descriptionOf(req) ?? {}
  if (!requestBody || !('openapi' in req)) return
  const { openapi } = req
  Object.assign(req, { openapi: { ...Object(openapi), schema } })
  try {
    await runMiddleware(validator().validationStages[0], req, res)
  } finally {
    Object.assign(req, { openapi })
  }
}

const hasCostlyBody = ({ headers }: Request) =>
  headers.expect !== undefined ||
  headers['transfer-encoding'] !== undefined ||
  Number(headers['content-length'] ?? 0) > SMALL_BODY_BYTES
