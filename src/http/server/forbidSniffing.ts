import type { RequestHandler } from 'express'

/** No browser may take an answer for anything but what its Content-Type says. */
export const forbidSniffing: RequestHandler = (_req, res, next) => {
  res.setHeader('X-Content-Type-Options', 'nosniff')
  next()
}
