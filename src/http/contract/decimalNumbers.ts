import type { RequestHandler } from 'express'
import { invalidParameter } from '../problems/httpErrors.ts'
import { descriptionOf } from './context.ts'

const DECIMAL = /^-?\d+$/

/**
 * Refuses a number in the query that is no row of decimal digits. The validator accepts `0x10`, `1e2`, `+5` and `Infinity`, which
 * another reader of the same query may take for another number.
 */
export const insistOnDecimals: RequestHandler = (req, _res, next) => {
  const numbers = descriptionOf(req)?.parameters?.filter(({ schema }) => schema?.type === 'integer') ?? []
  if (numbers.length === 0) return next()
  const { query } = req
  const wrong = numbers.find(({ name }) => {
    const value = query[name]
    return typeof value === 'string' && value !== '' && !DECIMAL.test(value)
  })
  next(wrong && invalidParameter(wrong.name, 'must be a whole number in decimal digits'))
}
