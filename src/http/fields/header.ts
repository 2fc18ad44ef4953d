import type { IncomingMessage } from 'node:http'

/** The value of a header; several lines of it are joined by commas, as HTTP joins them (RFC 9110, 5.3). */
export function header({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
