import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** A request may be on its way over a connection that was opened or answered only now. */
const MOMENT_MILLISECONDS = 500

/**
 * Watches a server's connections from the moment it is created, and closes those that have carried no request for a
 * moment: kept alive, or opened and never used, which Node does not count as idle.
 */
export function watchConnections(server: Server): { closeUnused(): void } {
  const connections = new Map<Socket, { requests: number; since: number }>()
  const count = (socket: Socket, by: number) => {
    const requests = (connections.get(socket)?.requests ?? 0) + by
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
      const before = performance.now() - MOMENT_MILLISECONDS
      for (const [socket, { requests, since }] of connections) {
        if (requests === 0 && since < before) socket.destroy()
      }
    },
  }
}
