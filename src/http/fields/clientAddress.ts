import type { IncomingMessage } from 'node:http'
import { isIP, SocketAddress } from 'node:net'
import { header } from './header.ts'
import { outermost } from './requestHost.ts'

/**
 * The address that a client is counted by: an IPv4 address, or the first 64 bits of an IPv6 address as `2001:db8:0:1::/64`,
 * because one client has all addresses below them. It is the one that the outermost trusted proxy wrote into X-Forwarded-For,
 * else that of the connection. `unknown` for a connection that is gone.
 */
export function clientAddress(req: IncomingMessage, trustedProxies: number): string {
  const forwarded = trustedProxies > 0 && outermost(header(req, 'x-forwarded-for'), trustedProxies)
  return (
    (forwarded && networkOf(withoutPort(forwarded))) || networkOf(req.socket.remoteAddress ?? '') || 'unknown'
  )
}

/** Some proxies write the port of their client, too. */
const withoutPort = (address: string) =>
  /^\[([0-9A-Fa-f:.]+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address

/** Undefined for a text that is no address. */
function networkOf(address: string): string | undefined {
  const family = isIP(address)
  if (family !== 6) return family === 4 ? address : undefined
  const shortest = new SocketAddress({ address, family: 'ipv6' }).address // without its zone
  const mapped = /^::ffff:([\d.]+)$/.exec(shortest)?.[1]
  return mapped ?? `${first64Bits(shortest)}::/64` // mapped: a client that speaks IPv4
}

function first64Bits(address: string): string {
  const [head = [], tail = []] = address
    .split('::')
    .map((groups) => groups.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(8 - head.length - tail.length).fill('0')
  return [...head, ...zeros, ...tail].slice(0, 4).join(':')
}
