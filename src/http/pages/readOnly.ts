import type { RequestHandler } from 'express'
import { methodNotAllowed } from '../problems/httpErrors.ts'

const METHODS = 'GET, HEAD, OPTIONS'

/** For what can only be read: OPTIONS says so, every other method is 405. */
export const readOnly: RequestHandler = ({ method }, res, next) => {
  if (method === 'GET' || method === 'HEAD') return next()
  if (method === 'OPTIONS') return void res.set('Allow', METHODS).status(204).end()
  next(methodNotAllowed(method, METHODS))
}
