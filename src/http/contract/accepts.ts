import type { Request, RequestHandler } from 'express'
import { notAcceptable } from '../problems/httpErrors.ts'
import { descriptionOf } from './context.ts'

/** 406 when the client takes none of the types the operation answers with, before any body is read. */
export const acceptsAnswer: RequestHandler = (req, _res, next) => {
  const { accept } = req.headers
  if (accept === undefined || accept === '*/*') return next()
  const types = answerTypes(req)
  if (types.length === 0 || types.includes('*/*') || req.accepts(types)) return next()
  next(notAcceptable(types))
}

function answerTypes(req: Request): string[] {
  const responses = descriptionOf(req)?.responses ?? {}
  return Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([, response]) => Object.keys(response.content ?? {}))
}
