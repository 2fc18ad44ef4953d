import { isIP } from 'node:net'
import { type createReader, quote } from './reader.ts'

/** Reads HOST: the address or name to listen on, without the brackets that an IPv6 address has in URLs. */
export function readHost(read: ReturnType<typeof createReader>): string {
  const given = read.text('HOST', '127.0.0.1')
  const host = given.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) === 0 && !isHostName(host))
    read.refuse(
      `HOST must be an address or a name without scheme and port, as 127.0.0.1, not ${quote(given)}`,
    )
  return host
}

/** Whether an address or a name, with or without the brackets of IPv6, means this machine alone. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)

/** Without a port. */
export const isHostName = (text: string) => /^[\w-]+(\.[\w-]+)*$/.test(text)

/** An origin is compared letter by letter with the Origin header, so it must have the form that browsers send. */
export const isOrigin = (text: string) => text === '*' || text === originOf(text)

/** Says how to write an entry that is no origin. */
export function explainOrigin(text: string): string {
  const origin = originOf(text)
  return origin === undefined
    ? 'an origin is a scheme, a host and perhaps a port, as http://localhost:3000; * allows all'
    : `browsers send it as ${origin}`
}

/**
 * The origin of a URL with a host; undefined for other texts, and for a host with an asterisk. Apps and extensions have schemes
 * of their own, as `capacitor://localhost`, for which `URL` has no origin.
 */
function originOf(text: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^*@]+$/i.test(text) || !URL.canParse(text)) return undefined
  const { protocol, host, origin } = new URL(text)
  if (protocol === 'file:' || host === '') return undefined
  return origin === 'null' ? `${protocol}//${host}` : origin
}
