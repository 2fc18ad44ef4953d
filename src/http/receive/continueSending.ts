import type { Request, Response } from 'express'

/**
 * Sends 100 Continue to a client that expects it (RFC 9110, 10.1.1). Called after all checks that need no byte of the body.
 * HTTP/1.0 has no status 100.
 */
export function continueSending(req: Request, res: Response): void {
  if (req.httpVersion !== '1.0' && /^100-continue$/i.test(req.headers.expect ?? '')) res.writeContinue()
}
