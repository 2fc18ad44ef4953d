import type { ServerResponse } from 'node:http'

export interface WaitingAnswers {
  /** Counts an answer, from its end until the client has taken it. */
  watch(res: ServerResponse): void
}

/** Most answers are smaller, and the kernel takes them at once. */
const SMALL_BYTES = 64 * 1024

/**
 * Limits the bytes of answers that are whole in memory and that their clients do not take: pages of lists may have megabytes.
 * Above `mostBytes`, the connections that have waited for the longest time are cut. Downloads have a limit of their own
 * (docs/decisions/0018).
 */
export function limitWaitingAnswers(mostBytes: number): WaitingAnswers {
  const waiting = new Map<ServerResponse, number>()
  let bytes = 0

  function forget(res: ServerResponse): void {
    bytes -= waiting.get(res) ?? 0
    waiting.delete(res)
  }

  function count(res: ServerResponse): void {
    const { writableLength } = res
    if (writableLength === 0 || res.destroyed) return
    waiting.set(res, writableLength)
    bytes += writableLength
    res.once('close', () => forget(res))
    for (const [oldest] of waiting) {
      if (bytes <= mostBytes) return
      forget(oldest)
      oldest.destroy()
    }
  }

  return {
    watch(res) {
      res.once('prefinish', () => {
        // By then the kernel has taken what it takes.
        if (res.writableLength > SMALL_BYTES) setImmediate(count, res)
      })
    },
  }
}
