import type { Request, Response } from 'express'

/** How long a connection stays open after its last answer. */
export const lingerMilliseconds = 1000
const LINGER_BYTES = 2 ** 20

/**
 * Sends a whole answer. When the body of the request was not read to its end, the connection is closed after the answer,
 * but not at once: a client that is still sending would lose the answer (RFC 9112, 9.6). The client has 1 s, or 1 MiB more
 * of the body.
 */
export function sendAndLinger(req: Request, res: Response, text: string): void {
  if (req.complete || !hasBody(req)) return void res.send(text)
  const body = Buffer.from(text)
  res.set({ Connection: 'close', 'Content-Length': String(body.length) })
  if (req.method !== 'HEAD') res.write(body)
  else res.flushHeaders()

  let drainedBytes = 0
  const end = () => {
    clearTimeout(timer)
    req.off('data', count)
    res.end()
    // Node closes the connection after the answer, unless unread bytes keep it open.
    res.socket?.destroySoon()
  }
  const count = (chunk: Buffer) => {
    drainedBytes += chunk.length
    if (drainedBytes > LINGER_BYTES) end()
  }
  const timer = setTimeout(end, lingerMilliseconds)
  req.on('data', count).once('end', end).once('close', end).once('error', end).resume()
}

const hasBody = (req: Request) =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
