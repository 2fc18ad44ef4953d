import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Covers most documents and pictures: some clients, such as Python's urllib, read no answer before they have sent everything. */
const LINGER_BYTES = 64 * 2 ** 20
/** Long enough to send that over a line of 20 Mbit/s. Clients that read while they send need no more than a round trip. */
const LINGER_MILLISECONDS = 30_000
/** Longer than TCP takes to repeat lost packets, and than a busy machine stops. A client that sends nothing reads, or is gone. */
const SILENCE_MILLISECONDS = 5000
/** Above this number, the connection that has lingered longest is cut, so that strangers cannot take all of MAX_CONNECTIONS. */
const MOST_LINGERING = 256

/**
 * Ends a connection behind its last answer while the client may still be sending (RFC 9112, 9.6). Closed at once, the connection
 * would be reset, and the client would lose the answer. So only the sending side is closed, and the bytes that still arrive are
 * dropped: no parser sees them, and no further request is served.
 */
export type Linger = (socket: Duplex) => void

/** The lingering connections of one server. */
export function createLinger(): Linger {
  const lingering = new Set<Duplex>()
  return (socket) => {
    if (lingering.has(socket) || socket.destroyed) return
    const [oldest] = lingering
    if (oldest && lingering.size >= MOST_LINGERING) {
      lingering.delete(oldest)
      oldest.destroy()
    }
    lingering.add(socket)
    drop(socket, () => lingering.delete(socket))
  }
}

/** Drops what arrives, and cuts the connection at the limits above. */
function drop(socket: Duplex, onClose: () => void): void {
  let bytes = 0
  const cut = () => void socket.destroy()
  const end = setTimeout(cut, LINGER_MILLISECONDS)
  const silence = setTimeout(cut, SILENCE_MILLISECONDS)
  socket.once('close', () => {
    clearTimeout(end)
    clearTimeout(silence)
    onClose()
  })
  socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > LINGER_BYTES) cut()
    else silence.refresh()
  })
  socket.end()
  socket.resume()
  socket._read(0) // Node's parser may have stopped the reading below the stream
}

/** Whether bytes of the request's body may still arrive. */
export const isUnread = (req: IncomingMessage): boolean => hasBody(req) && !req.complete

/**
 * Makes an answer whose headers are sent before the body of its request has arrived the last one of the connection. Node would
 * read a body of any size to get to the next request.
 */
export function endUnread(req: IncomingMessage, res: ServerResponse): void {
  if (!hasBody(req)) return
  const { writeHead } = res
  res.writeHead = (...args: unknown[]) => {
    if (isUnread(req)) res.shouldKeepAlive = false
    return Reflect.apply(writeHead, res, args)
  }
}

const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
