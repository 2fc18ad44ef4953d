import type { RequestHandler } from 'express'
import { invalidParameter } from '../problems/httpErrors.ts'
import { descriptionOf } from './context.ts'

const DECIMAL = /^-?\d+$/

/**
 * Refuses a number in the query that is no row of decimal digits. The validator accepts `0x10`, `1e2`, `+5` and `Infinity`, which
 * another reader of the same query may take for another number.
 */
export const insistOnDecimals: RequestHandler = (req, _res, next) => {
  for (const { name, schema } of descriptionOf(req)?.parameters ?? []) {
    if (schema?.type !== 'integer' && schema?.type !== 'number') continue
    const value = req.query[name]
    if (typeof value === 'string' && value !== '' && !DECIMAL.test(value))
      return next(invalidParameter(name, 'must be a whole number in decimal digits'))
  }
  next()
}
