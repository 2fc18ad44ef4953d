import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** For this time after a connection was opened or answered, a new request may be on its way over the connection. */
const UNUSED_MILLISECONDS = 500

/**
 * Counts the requests on each connection of a server; call it before the server listens. `closeUnused` closes the
 * connections that had no request for 500 ms: connections kept alive after an answer, and connections never used, which
 * Node does not count as idle.
 */
export function watchConnections(server: Server): { closeUnused(): void } {
  const connections = new Map<Socket, { requests: number; since: number }>()
  const count = (socket: Socket, change: number) => {
    const requests = (connections.get(socket)?.requests ?? 0) + change
    if (!socket.destroyed) connections.set(socket, { requests, since: performance.now() })
  }
  const begin = ({ socket }: IncomingMessage, res: ServerResponse) => {
    count(socket, 1)
    res.once('close', () => count(socket, -1))
  }
  server.on('connection', (socket: Socket) => {
    count(socket, 0)
    socket.once('close', () => void connections.delete(socket))
  })
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, begin)
  return {
    closeUnused() {
      const latest = performance.now() - UNUSED_MILLISECONDS
      for (const [socket, { requests, since }] of connections) {
        if (requests === 0 && since < latest) socket.destroy()
      }
    },
  }
}
