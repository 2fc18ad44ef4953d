import type { IncomingMessage } from 'node:http'

/**
 * The Content-Type as the client sent it. In `req.headers`, `simplifyContentType` has removed its parameters, and `findOperation`
 * has replaced what its operation does not use by a general type.
 */
export const sentContentType = ({ headersDistinct }: IncomingMessage): string | undefined =>
  headersDistinct['content-type']?.join(', ')

/** The value of a header. Several lines of one header are joined by commas (RFC 9110, 5.3). */
export function header({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
