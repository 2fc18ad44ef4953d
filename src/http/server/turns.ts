import type { RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

const MAX_WAITING = 100

/** The listener that serves pipelined requests in turn, with the latest and current response of a connection. */
export interface Turns {
  readonly serve: RequestListener
  /** The response to the latest request of a connection. */
  latest(socket: Duplex): ServerResponse | undefined
  /** The response that is being sent. */
  current(socket: Duplex): ServerResponse | undefined
}

/**
 * Serves pipelined requests of a connection one after the other. Node would begin all of them at once, and a thousand
 * requests for a download fit into one packet. A connection on which more than 100 requests wait is cut.
 */
export function serveInTurn(listener: RequestListener): Turns {
  const turns = new WeakMap<Duplex, { latest: ServerResponse; current: ServerResponse; waiting: number }>()
  return {
    latest: (socket) => turns.get(socket)?.latest,
    current: (socket) => turns.get(socket)?.current,
    serve(req, res) {
      const { socket } = req
      if (!socket.writable) return // the last answer of the connection is sent
      const turn = turns.get(socket)
      if (turn === undefined || turn.latest.writableFinished) {
        turns.set(socket, { latest: res, current: res, waiting: 0 })
        return listener(req, res)
      }
      const previous = turn.latest
      turn.latest = res
      turn.waiting += 1
      if (turn.waiting > MAX_WAITING) return void socket.destroy()
      previous.once('close', () => {
        turn.waiting -= 1
        turn.current = res
        if (socket.writable) listener(req, res)
      })
    },
  }
}
