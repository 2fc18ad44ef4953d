import type { Request } from 'express'
import { notAcceptable } from '../problems/httpErrors.ts'
import { descriptionOf } from './context.ts'

/**
 * Refuses with 406, before the body is read, when Accept allows none of the media types that the operation answers with.
 * Removes every parameter but the weight from Accept: `application/json; charset=utf-8` allows JSON.
 */
export function refuseUnacceptable(req: Request): void {
  const { accept = '*/*' } = req.headers
  if (accept === '*/*') return
  req.headers.accept = accept.trim() === '' ? '*/*' : accept.split(',').map(withoutParameters).join()
  const types = answerTypes(req)
  if (types.length === 0 || types.includes('*/*') || req.accepts(types)) return
  throw notAcceptable(types)
}

function withoutParameters(range: string): string {
  const [type = '', ...parameters] = range.split(';')
  const weight = parameters.find((parameter) => /^[ \t]*q[ \t]*=/i.test(parameter))
  return weight === undefined ? type : `${type};${weight}`
}

/** The media types of all 2xx answers in the spec. */
function answerTypes(req: Request): string[] {
  const responses = descriptionOf(req)?.responses ?? {}
  return Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([, response]) => Object.keys(response.content ?? {}))
}
