import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { HttpConfig } from '../../config.ts'
import { hostNotAllowed } from '../../errors/requests.ts'
import { header } from '../fields/header.ts'
import { requestHost } from '../fields/requestHost.ts'

/**
 * Refuses requests for a domain name that is not ours. A page can let the name of its own site lead to this machine (DNS
 * rebinding), and a browser then takes the service for a part of that site. Nobody else can give a meaning to an address, to a
 * name without a dot or to one below `localhost`. Where a credential is needed, a name opens nothing: `isOpen` says whether
 * none is.
 */
export function refuseForeignHosts(
  {
    publicUrl,
    allowedHosts,
    trustedProxies,
  }: Pick<HttpConfig, 'publicUrl' | 'allowedHosts' | 'trustedProxies'>,
  isOpen: () => boolean,
): (req: IncomingMessage) => void {
  const ours = new Set(allowedHosts.map((name) => name.toLowerCase()))
  if (publicUrl !== undefined) ours.add(new URL(publicUrl).hostname)
  if (ours.has('*')) return () => {}
  return (req) => {
    const host = requestHost(req, trustedProxies)
    if (host === undefined) throw hostNotAllowed(header(req, 'host') ?? '')
    const name = host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase()
    if (!cannotBeRebound(name) && !ours.has(name) && isOpen()) throw hostNotAllowed(name)
  }
}

/** No stranger can let such a name lead to this machine. */
const cannotBeRebound = (name: string) =>
  isIP(name.replace(/^\[|\]$/g, '')) !== 0 || !name.includes('.') || name.endsWith('.localhost')
