import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { statusCode } from '../problems/httpErrors.ts'
import { endUnread, isUnread, linger } from './linger.ts'
import { serveInTurn } from './turns.ts'

export interface ServerOptions {
  readonly maxConnections: number
  readonly stallSeconds: number
  /** How long a connection without a request stays open. */
  readonly keepAliveSeconds: number
}

/**
 * Creates an HTTP server with limits that fit uploads. Headers must arrive within 15 s. A body may take any time as long as
 * bytes arrive; `openBody` watches it. A connection whose client reads nothing of an answer for `stallSeconds` is cut. The
 * operation, not Node, sends 100 Continue.
 */
export function createHttpServer(
  listener: RequestListener,
  { maxConnections, stallSeconds, keepAliveSeconds }: ServerOptions,
): Server {
  const { serve, latest, current } = serveInTurn((req, res) => {
    endUnread(req, res)
    listener(req, res)
  })
  const server = createServer(
    {
      requestTimeout: 0,
      headersTimeout: 15_000,
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
  // Before an answer begins, the service works, or `openBody` watches the client. Afterwards the client reads nothing, or the
  // connection was kept alive for too long.
  server.setTimeout(stallSeconds * 1000, (socket) => {
    if (current(socket)?.headersSent) socket.destroy()
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
  server.on('clientError', (error, socket) => refuseMalformed(error, socket, latest(socket)))
  server.on('connect', (_req, socket: Duplex) => closeWith(socket, answer(405)))
  return server
}

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_INVALID_METHOD: 405,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/**
 * Answers a request that Node's parser refused, and that never reaches the application, with a problem. The problem waits
 * for the answer to the request before: in the middle of a download it would become part of the file.
 */
function refuseMalformed(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  latest: ServerResponse | undefined,
): void {
  if (closing.has(socket)) return
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  closing.add(socket)
  const refuse = () => closeWith(socket, answer(statuses[error.code ?? ''] ?? 400))
  if (latest === undefined || latest.writableFinished || isBodyOf(latest, socket)) refuse()
  else latest.once('finish', refuse)
}

/** Whether the malformed bytes belong to the body of the request that is to be answered next. */
const isBodyOf = ({ req, headersSent, socket: served }: ServerResponse, socket: Duplex) =>
  !req.complete && !headersSent && served === socket

/** Connections with malformed bytes. Further errors on them are ignored. */
const closing = new WeakSet<Duplex>()

/** Sends the last answer of a connection, whose client may still be sending. */
function closeWith(socket: Duplex, text: string): void {
  socket.on('error', () => {}) // after CONNECT the socket has no other listener, and a client may reset the connection
  if (socket.writable) socket.end(text)
  linger(socket)
}

function answer(status: number): string {
  const title = STATUS_CODES[status] ?? 'Error'
  const id = randomUUID()
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    code: statusCode(status),
    request_id: id,
  })
  return [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    'Connection: close',
    ...(status === 405 ? ['Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] : []),
    '',
    body,
  ].join('\r\n')
}
