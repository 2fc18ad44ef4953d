import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { statusCode } from './httpErrors.ts'

export interface ServerOptions {
  readonly maxConnections: number
}

/**
 * An HTTP server whose limits fit uploads: a request may take as long as it makes progress (`openBody` watches), its
 * headers may not. Requests that expect 100-continue get their answer from the operation, not from Node.
 */
export function createHttpServer(listener: RequestListener, { maxConnections }: ServerOptions): Server {
  const server = createServer(
    {
      requestTimeout: 0,
      headersTimeout: 15_000,
      connectionsCheckingInterval: 5000,
      keepAliveTimeout: 65_000,
      noDelay: true,
    },
    listener,
  )
  server.maxConnections = maxConnections
  server.on('checkContinue', listener).on('checkExpectation', listener)
  server.on('clientError', refuseMalformed)
  server.on('connect', (_req, socket: Duplex) => socket.end(answer(405)))
  return server
}

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_INVALID_METHOD: 405,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** What Node's parser refuses never reaches the application; it gets a problem all the same. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  socket.end(answer(statuses[error.code ?? ''] ?? 400))
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
    ...(status === 405 ? ['Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS'] : []),
    '',
    body,
  ].join('\r\n')
}
