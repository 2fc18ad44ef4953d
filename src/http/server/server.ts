import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Express } from 'express'
import { createLinger, endUnread, isUnread } from './linger.ts'
import { refuseConnect, refuseMalformed } from './malformed.ts'
import { messageClasses } from './messages.ts'
import { useOriginForm } from './originForm.ts'
import { HEADERS_SECONDS } from './parserRefusals.ts'
import { serveInTurn } from './turns.ts'
import { limitWaitingAnswers } from './waitingAnswers.ts'

export interface ServerOptions {
  readonly maxConnections: number
  readonly stallSeconds: number
  /** How long a connection without a request stays open. */
  readonly keepAliveSeconds: number
}

/** Bytes of answers that wait in memory for clients: more than sixteen of the largest pages of a list. */
const MOST_WAITING_BYTES = 96 * 2 ** 20

/**
 * Creates an HTTP server with limits that fit uploads. Headers must arrive within `HEADERS_SECONDS`. A body may take any time as
 * long as bytes arrive; `openBody` watches it. A connection whose client reads nothing of an answer for `stallSeconds` is cut.
 * The operation, not Node, sends 100 Continue.
 */
export function createHttpServer(
  app: Express,
  { maxConnections, stallSeconds, keepAliveSeconds }: ServerOptions,
): Server {
  const waitingAnswers = limitWaitingAnswers(MOST_WAITING_BYTES)
  const linger = createLinger()
  const { serve, latest, current } = serveInTurn((req, res) => {
    useOriginForm(req)
    endUnread(req, res)
    waitingAnswers.watch(res)
    app(req, res)
  })
  const server = createServer(
    {
      ...messageClasses(app),
      requestTimeout: 0,
      headersTimeout: HEADERS_SECONDS * 1000,
      connectionsCheckingInterval: 5000,
      keepAliveTimeout: keepAliveSeconds * 1000,
      noDelay: true,
      requireHostHeader: false, // `refuseOddFraming` requires Host, and its answer is a problem
      joinDuplicateHeaders: true, // else Node ignores a second Content-Type; the joined text is no valid type
    },
    serve,
  )
  server.maxConnections = maxConnections
  // Else Node ends its side too when a client ends its own behind a request, as `nc -N` does, and the answer is lost.
  Object.assign(server, { httpAllowHalfOpen: true })
  // An idle connection is cut when bytes wait for its client, or when its answer is complete. Else the service works, `openBody`
  // watches the client, or a download waits for the storage or for memory.
  server.setTimeout(stallSeconds * 1000, (socket) => {
    const res = current(socket)
    if (res?.headersSent && (res.writableLength > 0 || res.writableEnded)) socket.destroy()
  })
  server.on('connection', (socket: Socket) => {
    const destroySoon = socket.destroySoon.bind(socket)
    // Node calls this behind the last answer of a connection.
    socket.destroySoon = () => {
      const answered = current(socket)
      if (answered && isUnread(answered.req)) linger(socket)
      else destroySoon()
    }
  })
  server.on('checkContinue', serve).on('checkExpectation', serve)
  server.on('clientError', (error, socket) =>
    refuseMalformed(error, socket, { latest: latest(socket), linger }),
  )
  server.on('connect', (_req, socket: Duplex) => refuseConnect(socket, linger))
  return server
}
