import { once } from 'node:events'
import { get, type IncomingMessage, type Server } from 'node:http'
import { createServer } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { listen } from './listen.ts'

/**
 * Asks a server that does not listen yet for a public file, so that the first client does not wait for the validator to compile
 * the spec. Throws when the server does not answer. Not by `fetch`, which takes 60 ms to load.
 */
export async function warmUp(server: Server, host: string): Promise<void> {
  // On a port of its own: another worker might answer on the one that they share.
  const listener = createServer({ allowHalfOpen: true }, (socket) => server.emit('connection', socket))
  const url = await listen(listener, { host, port: 0, exclusive: true })
  try {
    const headers = { host: 'localhost' } // a host that is allowed, whatever HOST is
    // Not by the URL: the zone of an IPv6 address has no place in it.
    const port = url.slice(url.lastIndexOf(':') + 1)
    // An operation that needs no credential: others end before the validator.
    const request = get({ host, port, path: '/public/default/none', agent: false, headers })
    const [response]: IncomingMessage[] = await once(request, 'response')
    if (response) await buffer(response)
  } finally {
    listener.close()
  }
}
