import type { IncomingMessage } from 'node:http'

/** The value of a header. Several lines of one header are joined by commas (RFC 9110, 5.3). */
export function header({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
