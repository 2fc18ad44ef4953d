import type { RequestHandler } from 'express'
import { methodNotAllowed } from '../problems/httpErrors.ts'

const ALLOWED = 'GET, HEAD, OPTIONS'

/** For resources that can only be read: answers OPTIONS, and refuses every method but GET and HEAD with 405. */
export const readOnly: RequestHandler = ({ method }, res, next) => {
  if (method === 'GET' || method === 'HEAD') return next()
  if (method === 'OPTIONS') return void res.set('Allow', ALLOWED).status(204).end()
  next(methodNotAllowed(method, ALLOWED))
}
