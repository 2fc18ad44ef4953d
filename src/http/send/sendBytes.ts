import type { Response } from 'express'
import type { SlowLimits } from '../../config.ts'

const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Sends bytes as the client takes them; the next ones are asked for when the last are on their way, so their buffer may be
 * used again. A failure before the first byte is thrown and can still become a problem; a later one cuts the connection,
 * so that no client mistakes a part for the whole. So does a client that falls `stallSeconds` behind the slowest rate; only
 * time spent waiting for it counts. (One that takes nothing is cut by the server.)
 */
export async function sendBytes(
  res: Response,
  bytes: AsyncIterable<Buffer>,
  { minimumBytesPerSecond, stallSeconds }: SlowLimits,
): Promise<void> {
  const gone = new Promise<void>((resolve) => res.once('close', resolve))
  const cut = () => void res.destroy()
  let behind = 0
  for await (const chunk of bytes) {
    if (res.destroyed) return
    const due = (chunk.length / minimumBytesPerSecond) * 1000
    const began = performance.now()
    const timer = setTimeout(cut, Math.min(due + stallSeconds * 1000 - behind, LONGEST_TIMER))
    await Promise.race([gone, new Promise<void>((resolve) => res.write(chunk, () => resolve()))])
    clearTimeout(timer)
    behind = Math.max(behind + performance.now() - began - due, 0)
  }
  res.end()
}
