import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TestService } from './service.ts'

/** A request as the service saw it. */
export interface Arrival {
  readonly method: string
  readonly url: string
  /** The values that the proxy sent; several or none when a client interfered. */
  readonly hops: readonly string[]
  /** Of the answer, once there is one. */
  status: number | undefined
}

/** Everything that the service took for a request. */
export interface Arrivals {
  readonly requests: readonly Arrival[]
  /** Requests that the service could not read. */
  readonly malformed: readonly string[]
  readonly connections: number
}

/** Counts from now on. */
export function countArrivals({ server }: Pick<TestService, 'server'>): Arrivals {
  const requests: Arrival[] = []
  const malformed: string[] = []
  const latest = new WeakMap<Duplex, IncomingMessage>()
  const refused = new WeakSet<Duplex>()
  let connections = 0

  const arrive = (req: IncomingMessage, status: number | undefined): Arrival => {
    const hops = req.rawHeaders.filter(
      (_, index, all) => index % 2 === 1 && /^x-hop$/i.test(all[index - 1] ?? ''),
    )
    const arrival: Arrival = { method: req.method ?? '', url: req.url ?? '', hops, status }
    latest.set(req.socket, req)
    requests.push(arrival)
    return arrival
  }
  const note = (req: IncomingMessage, res: ServerResponse) => {
    const arrival = arrive(req, undefined)
    res.once('close', () => {
      arrival.status = res.statusCode
    })
  }
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, note)
  server.prependListener('connect', (req: IncomingMessage) => void arrive(req, 405))
  server.on('connection', () => {
    connections += 1
  })
  server.prependListener('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const inBody = latest.get(socket)?.complete === false
    if (error.code === 'ECONNRESET' || inBody || refused.has(socket)) return
    refused.add(socket)
    malformed.push(error.code ?? error.message)
  })
  return {
    requests,
    malformed,
    get connections() {
      return connections
    },
  }
}
