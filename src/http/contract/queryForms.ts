import type { RequestHandler } from 'express'
import { invalidParameter } from '../problems/httpErrors.ts'
import { descriptionOf } from './context.ts'
import type { DescribedParameter } from './describedOperation.ts'

const DECIMAL = /^-?\d+$/

/** In a query, a plus means a blank. */
const TIME_WITHOUT_PLUS = /^\S+ \d\d:?\d\d$/

/**
 * Refuses values in the query of which the validator would say nothing, or not what works: a number that is no row of decimal
 * digits (the validator accepts `0x10`, `1e2`, `+5` and `Infinity`, which another reader of the same query may take for another
 * number), and a time whose plus was not encoded.
 */
export const insistOnForms: RequestHandler = (req, _res, next) => {
  const { query } = req
  for (const parameter of descriptionOf(req)?.parameters ?? []) {
    const value = query[parameter.name]
    const wrong = typeof value === 'string' && value !== '' && faultOf(parameter, value)
    if (wrong) return next(invalidParameter(parameter.name, wrong))
  }
  next()
}

function faultOf({ schema }: DescribedParameter, value: string): string | undefined {
  if (schema?.type === 'integer' && !DECIMAL.test(value)) return 'must be a whole number in decimal digits'
  if (schema?.format !== 'date-time') return undefined
  if (TIME_WITHOUT_PLUS.test(value)) return 'has a blank where a plus was meant: write + as %2B in a query'
  return undefined
}
