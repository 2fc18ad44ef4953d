import type { Request, Response } from 'express'

/** How long a connection outlives its last answer. */
export const lingerMilliseconds = 1000
const LINGER_BYTES = 2 ** 20

/**
 * Sends a whole answer. When the request's body has not been read to its end, the connection is closed after it, but not
 * at once: a client that is still sending would lose the answer with the connection (RFC 9112, 9.6). At most 1 MiB and
 * 1 s are granted.
 */
export function sendAndLinger(req: Request, res: Response, text: string): void {
  if (req.complete || !hasBody(req)) return void res.send(text)
  const body = Buffer.from(text)
  res.set({ Connection: 'close', 'Content-Length': String(body.length) })
  if (req.method !== 'HEAD') res.write(body)
  else res.flushHeaders()

  let drained = 0
  const end = () => {
    clearTimeout(timer)
    req.off('data', count)
    res.end()
    // Node closes the connection after the answer; one that is kept open by unread bytes is cut.
    res.socket?.destroySoon()
  }
  const count = (chunk: Buffer) => {
    drained += chunk.length
    if (drained > LINGER_BYTES) end()
  }
  const timer = setTimeout(end, lingerMilliseconds)
  req.on('data', count).once('end', end).once('close', end).once('error', end).resume()
}

const hasBody = (req: Request) =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
