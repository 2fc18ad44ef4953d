import type { RequestHandler } from 'express'
import { methodNotAllowed } from './httpErrors.ts'

/** For what can only be read, every other method is 405. */
export const readOnly: RequestHandler = ({ method }, _res, next) =>
  method === 'GET' || method === 'HEAD' ? next() : next(methodNotAllowed(method, 'GET, HEAD'))
