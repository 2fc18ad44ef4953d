import { parse } from 'node:url'

/**
 * Makes Node spend its only warning about `url.parse` here, where it is not printed. Until it has warned, Node looks through the
 * stack at each call of `url.parse`, because it does not warn of calls by packages: 12 µs for each request, as the validator
 * calls it.
 */
export function settleUrlWarning(): void {
  const { noDeprecation = false } = process
  process.noDeprecation = true
  parse('/')
  process.noDeprecation = noDeprecation
}
