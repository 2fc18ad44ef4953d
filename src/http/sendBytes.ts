import type { Response } from 'express'

/**
 * Sends bytes as the client takes them; the next ones are asked for when the last are on their way, so their buffer may be
 * used again. A failure before the first byte is thrown and can still become a problem; a later one cuts the connection,
 * so that no client mistakes a part for the whole. So does a client that takes nothing for `stallSeconds`.
 */
export async function sendBytes(
  res: Response,
  bytes: AsyncIterable<Buffer>,
  stallSeconds: number,
): Promise<void> {
  const gone = new Promise<void>((resolve) => res.once('close', resolve))
  res.setTimeout(stallSeconds * 1000, () => void res.destroy())
  for await (const chunk of bytes) {
    if (res.destroyed) return
    await Promise.race([gone, new Promise<void>((resolve) => res.write(chunk, () => resolve()))])
  }
  res.end()
}
