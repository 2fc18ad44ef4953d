import type { Request, Response } from 'express'

/**
 * Says 100 to a client that waits for it, now that nothing speaks against its body (RFC 9110, 10.1.1). HTTP/1.0 knows
 * no 100.
 */
export function continueSending(req: Request, res: Response): void {
  if (req.httpVersion !== '1.0' && /^100-continue$/i.test(req.headers.expect ?? '')) res.writeContinue()
}
