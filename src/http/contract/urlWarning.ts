import { parse } from 'node:url'

/**
 * Lets Node decide now that `url.parse` needs no warning. The validator calls this function for every request, and until Node
 * has decided to warn, it looks through the stack at each call whether the caller is a package: 12 µs. Returns at once, and
 * nothing is printed.
 */
export function settleUrlWarning(): void {
  const { noDeprecation = false } = process
  process.noDeprecation = true
  parse('/')
  process.noDeprecation = noDeprecation
}
