import type { Response } from 'express'
import type { SlowLimits } from '../../config.ts'

/** Writes to the client of one answer. */
export interface ClientWriter {
  /**
   * Writes bytes. `onWait` is called when the kernel does not take all of them at once. Resolves with the milliseconds that the
   * client let the service wait, once the bytes may be overwritten: the kernel has taken them, or the connection is closed.
   */
  write(bytes: Buffer, onWait?: () => void): Promise<number>
  /** Writes the last bytes, together with headers that were not sent yet, and ends the answer. Resolves as `write` does. */
  end(bytes: Buffer): Promise<number>
}

/** Milliseconds. Node fires a longer timer after 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Cuts the connection when the client falls `stallSeconds` behind `minimumBytesPerSecond`; only the time spent waiting for the
 * client counts. `createHttpServer` cuts a client that reads nothing at all.
 */
export function createClientWriter(
  res: Response,
  { minimumBytesPerSecond, stallSeconds }: SlowLimits,
): ClientWriter {
  const cut = () => void res.destroy()
  let closed: Promise<void> | undefined
  let millisecondsBehind = 0

  /** Waits for the client, unless the kernel has taken everything. */
  async function wait(bytes: number, written: Promise<void>, onWait: () => void): Promise<number> {
    const allowedMilliseconds = (bytes / minimumBytesPerSecond) * 1000
    let milliseconds = 0
    if (res.writableLength > 0 && !res.destroyed) {
      onWait()
      const startedAt = performance.now()
      const patience = allowedMilliseconds + stallSeconds * 1000 - millisecondsBehind
      const timer = setTimeout(cut, Math.min(patience, LONGEST_TIMER))
      closed ??= new Promise((resolve) => res.once('close', resolve))
      await Promise.race([closed, written])
      clearTimeout(timer)
      milliseconds = performance.now() - startedAt
    }
    millisecondsBehind = Math.max(millisecondsBehind + milliseconds - allowedMilliseconds, 0)
    return milliseconds
  }

  return {
    async write(bytes, onWait = () => {}) {
      const written = new Promise<void>((resolve) => res.write(bytes, () => resolve()))
      await nextTick() // Node hands the bytes to the kernel then, with the headers
      return await wait(bytes.length, written, onWait)
    },
    async end(bytes) {
      const written = new Promise<void>((resolve) => res.end(bytes, () => resolve()))
      return await wait(bytes.length, written, () => {})
    },
  }
}

const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve))
