import type { Request } from 'express'
import { invalidParameter } from '../problems/httpErrors.ts'
import { descriptionOf } from './context.ts'
import type { DescribedParameter } from './describedOperation.ts'

const DECIMAL = /^-?\d+$/

/** In a query, a plus means a blank. */
const TIME_WITHOUT_PLUS = /^\S+ \d\d:?\d\d$/

/**
 * Refuses a number that is not in decimal digits, and a time whose plus was not encoded: the validator accepts the first, and
 * gives no help with the second.
 */
export function refuseOddValues(req: Request): void {
  if (!req.url.includes('?')) return
  const { query } = req // Express parses it at each look
  for (const parameter of descriptionOf(req)?.parameters ?? []) {
    if (parameter.in !== 'query') continue
    const value = query[parameter.name]
    const wrong = typeof value === 'string' && value !== '' && faultOf(parameter, value)
    if (wrong) throw invalidParameter(parameter.name, wrong)
  }
}

function faultOf({ schema }: DescribedParameter, value: string): string | undefined {
  if (schema?.type === 'integer' && !DECIMAL.test(value)) return 'must be a whole number in decimal digits'
  if (schema?.format !== 'date-time') return undefined
  if (TIME_WITHOUT_PLUS.test(value)) return 'has a blank where a plus was meant: write + as %2B in a query'
  return undefined
}
