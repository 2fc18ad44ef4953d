import { once } from 'node:events'
import type { Response } from 'express'

/**
 * Sends bytes as the client takes them. A failure before the first byte is thrown and can still become a problem; a
 * later one cuts the connection, so that no client mistakes a part for the whole. So does a client that takes nothing for
 * `stallSeconds`.
 */
export async function sendBytes(
  res: Response,
  bytes: AsyncIterable<Buffer>,
  stallSeconds: number,
): Promise<void> {
  res.setTimeout(stallSeconds * 1000, () => void res.destroy())
  for await (const chunk of bytes) {
    if (res.destroyed) return
    if (!res.write(chunk)) await drained(res)
  }
  res.end()
}

/** Resolves when the client has taken what was written, or is gone. */
async function drained(res: Response): Promise<void> {
  const gone = new AbortController()
  const { signal } = gone
  try {
    await Promise.race([once(res, 'drain', { signal }), once(res, 'close', { signal })])
  } finally {
    gone.abort()
  }
}
