import type { RequestHandler } from 'express'

/**
 * Headers of every answer: browsers use its Content-Type instead of guessing a type from its bytes, and show it inside no page
 * of another origin. Files that may be shown everywhere say so themselves.
 */
export const guardAnswers: RequestHandler = (_req, res, next) => {
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
  next()
}
