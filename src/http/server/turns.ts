import type { RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

const MAX_WAITING = 100

/** Serves requests, and knows two answers of each connection: the one to the latest request, and the one being sent. */
export interface Turns {
  readonly serve: RequestListener
  latest(socket: Duplex): ServerResponse | undefined
  current(socket: Duplex): ServerResponse | undefined
}

/**
 * Serves the requests of one connection one after the other. Node would begin all that came together at once, and a
 * thousand downloads fit into one packet. A connection on which more than 100 wait is cut.
 */
export function serveInTurn(listener: RequestListener): Turns {
  const turns = new WeakMap<Duplex, { latest: ServerResponse; current: ServerResponse; waiting: number }>()
  return {
    latest: (socket) => turns.get(socket)?.latest,
    current: (socket) => turns.get(socket)?.current,
    serve(req, res) {
      const { socket } = req
      const turn = turns.get(socket)
      if (turn === undefined || turn.latest.writableFinished) {
        turns.set(socket, { latest: res, current: res, waiting: 0 })
        return listener(req, res)
      }
      const before = turn.latest
      turn.latest = res
      turn.waiting += 1
      if (turn.waiting > MAX_WAITING) return void socket.destroy()
      before.once('close', () => {
        turn.waiting -= 1
        turn.current = res
        if (!socket.destroyed) listener(req, res)
      })
    },
  }
}
