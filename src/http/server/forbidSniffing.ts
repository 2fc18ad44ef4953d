import type { RequestHandler } from 'express'

/** Makes browsers use the Content-Type of an answer instead of guessing a type from its bytes. */
export const forbidSniffing: RequestHandler = (_req, res, next) => {
  res.setHeader('X-Content-Type-Options', 'nosniff')
  next()
}
