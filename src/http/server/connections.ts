import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** For this time after a connection was opened or answered, a new request may be on its way over the connection. */
const UNUSED_MILLISECONDS = 500

/**
 * Knows the requests on each connection of a server; call it before the server listens. `closeUnused` closes the
 * connections that had no request for 500 ms: connections kept alive after an answer, and connections never used, which
 * Node does not count as idle. `closeUnanswered` closes all connections but those whose answer is on its way.
 */
export function watchConnections(server: Server): { closeUnused(): void; closeUnanswered(): void } {
  const connections = new Map<Socket, { readonly answers: Set<ServerResponse>; since: number }>()
  const begin = ({ socket }: IncomingMessage, res: ServerResponse) => {
    const connection = connections.get(socket)
    if (!connection) return
    connection.answers.add(res)
    res.once('close', () => {
      connection.answers.delete(res)
      connection.since = performance.now()
    })
  }
  server.on('connection', (socket: Socket) => {
    connections.set(socket, { answers: new Set(), since: performance.now() })
    socket.once('close', () => void connections.delete(socket))
  })
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, begin)
  return {
    closeUnused() {
      const latest = performance.now() - UNUSED_MILLISECONDS
      for (const [socket, { answers, since }] of connections) {
        if (answers.size === 0 && since < latest) socket.destroy()
      }
    },
    closeUnanswered() {
      for (const [socket, { answers }] of connections) {
        if (![...answers].some((res) => res.headersSent && !res.writableFinished)) socket.destroy()
      }
    },
  }
}
