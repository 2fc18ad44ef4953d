import type { Response } from 'express'
import type { SlowLimits } from '../../config.ts'

/** Milliseconds. Node fires a longer timer after 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Sends bytes at the speed of the client. The next chunk is read when the last chunk was written to the socket, so the
 * reader may reuse its buffer. An error before the first byte is thrown and can still become a problem. After a
 * later error `problemHandler` cuts the connection, so that no client takes a part for the whole file. The
 * connection is also cut when the client falls `stallSeconds` behind `minimumBytesPerSecond`; only the time spent waiting
 * for the client counts. `createHttpServer` cuts a client that reads nothing at all.
 */
export async function sendBytes(
  res: Response,
  bytes: AsyncIterable<Buffer>,
  { minimumBytesPerSecond, stallSeconds }: SlowLimits,
): Promise<void> {
  const closed = new Promise<void>((resolve) => res.once('close', resolve))
  const cut = () => void res.destroy()
  let millisecondsBehind = 0
  for await (const chunk of bytes) {
    if (res.destroyed) return
    const allowedMilliseconds = (chunk.length / minimumBytesPerSecond) * 1000
    const startedAt = performance.now()
    const patience = allowedMilliseconds + stallSeconds * 1000 - millisecondsBehind
    const timer = setTimeout(cut, Math.min(patience, LONGEST_TIMER))
    await Promise.race([closed, new Promise<void>((resolve) => res.write(chunk, () => resolve()))])
    clearTimeout(timer)
    const milliseconds = performance.now() - startedAt
    millisecondsBehind = Math.max(millisecondsBehind + milliseconds - allowedMilliseconds, 0)
  }
  res.end()
}
