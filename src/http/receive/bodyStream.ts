import { createHash } from 'node:crypto'
import type { Request } from 'express'
import type { Deps } from '../../deps.ts'
import { bodyIncomplete, bodyTooSlow } from '../../errors/requests.ts'
import { errorCode } from '../../errors.ts'
import { type Digests, headBytes } from '../../model/blob.ts'
import { collectBody } from './collectBody.ts'

/** The body of a request. */
export interface BodyStream {
  readonly bytes: AsyncIterable<Buffer>
  /** Runs `work`, which reads `bytes`. Meanwhile reading throws `body-too-slow` when the client sends too slowly. */
  during<Result>(work: () => Promise<Result>): Promise<Result>
}

/** The time between two looks for clients that are too slow. */
const JUDGE_MILLISECONDS = 100

/**
 * Opens the body of a request. A reader that stops early leaves the connection open, so that an answer can be sent. When the
 * body is cut off, reading throws `body-incomplete` behind the bytes that came before the cut: the reader decides whether to
 * keep these bytes, and nothing here gives them up. A body whose Content-Length is small comes in one piece, or not at all.
 * Only the time spent waiting for the client counts for `body-too-slow`.
 */
export function openBody(
  { config, ticks, youngBuffers }: Pick<Deps, 'config' | 'ticks' | 'youngBuffers'>,
  req: Request,
  declaredBytes = Number.POSITIVE_INFINITY,
): BodyStream {
  const { minimumBytesPerSecond, stallSeconds } = config.http
  let received = 0
  const waiting = createStopwatch()
  /** Rejects the read that waits for the client; undefined while no read waits. */
  let rejectRead: ((error: Error) => void) | undefined

  async function* read(): AsyncGenerator<Buffer, void, void> {
    const reader = youngBuffers.open()
    const count = (bytes: number) => {
      received += bytes
      reader.count(bytes)
    }
    const small = declaredBytes <= headBytes
    const chunks: AsyncIterator<Buffer> = small
      ? collectBody(req, count)
      : req.iterator({ destroyOnReturn: false })
    const next = () =>
      new Promise<IteratorResult<Buffer>>((resolve, reject) => {
        rejectRead = reject
        waiting.start()
        chunks.next().then(resolve, reject)
      })
    try {
      for (;;) {
        const { value, done } = await next()
        rejectRead = undefined
        waiting.stop()
        if (done) return
        if (!small) count(value.length)
        yield value
      }
    } catch (error) {
      throw errorCode(error) === 'ECONNRESET' ? bodyIncomplete() : error
    } finally {
      reader.end()
      const closing = chunks.return?.()
      // After `body-too-slow` the last read still waits, for as long as the client stays silent, and closing waits for that
      // read.
      if (rejectRead === undefined) await closing
    }
  }

  return {
    bytes: { [Symbol.asyncIterator]: read },
    async during(work) {
      let before = { received, milliseconds: waiting.milliseconds() }
      /** Judges the client whenever it was waited for `stallSeconds`. */
      const unwatch = ticks.every(JUDGE_MILLISECONDS, () => {
        const milliseconds = waiting.milliseconds()
        if (milliseconds - before.milliseconds < stallSeconds * 1000) return
        if (received - before.received < minimumBytesPerSecond * stallSeconds) rejectRead?.(bodyTooSlow())
        before = { received, milliseconds }
      })
      try {
        return await work()
      } finally {
        unwatch()
      }
    },
  }
}

/** Adds up the milliseconds between `start` and `stop`. */
function createStopwatch() {
  let sum = 0
  let since: number | undefined
  const milliseconds = () => sum + (since === undefined ? 0 : performance.now() - since)
  return {
    milliseconds,
    start() {
      since = performance.now()
    },
    stop() {
      sum = milliseconds()
      since = undefined
    },
  }
}

/** Passes the bytes on and computes the `wanted` digests of them. Call `digests` once, after the last byte. */
export function digestedBody(bytes: AsyncIterable<Buffer>, wanted: readonly (keyof Digests)[]) {
  const hashes = new Map(wanted.map((name) => [name, createHash(name)]))
  async function* pass() {
    for await (const chunk of bytes) {
      for (const hash of hashes.values()) hash.update(chunk)
      yield chunk
    }
  }
  return {
    bytes: hashes.size === 0 ? bytes : { [Symbol.asyncIterator]: pass },
    digests: (): Partial<Digests> =>
      Object.fromEntries([...hashes].map(([name, hash]) => [name, hash.digest()])),
  }
}
