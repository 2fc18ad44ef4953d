import { createHash } from 'node:crypto'
import type { Request } from 'express'
import type { SlowLimits } from '../../config.ts'
import { bodyIncomplete, bodyTooSlow } from '../../errors/requests.ts'
import type { Digests } from '../../model/blob.ts'
import type { YoungBuffers } from '../../runtime/youngBuffers.ts'

/** A request's body as bytes. */
export interface BodyStream {
  readonly bytes: AsyncIterable<Buffer>
  /** Runs the work that reads the body; while it runs, waiting for bytes that come too slowly throws `body-too-slow`. */
  during<Result>(work: () => Promise<Result>): Promise<Result>
}

/**
 * Opens the body of a request. Leaving it early does not close the connection, so that there can be an answer. A body
 * that is cut off throws `body-incomplete`, behind the bytes that were read before the cut: the reader decides whether to keep
 * them, and nothing here gives them up. Only time spent waiting for the client counts as the client's slowness.
 */
export function openBody(
  req: Request,
  { minimumBytesPerSecond, stallSeconds }: SlowLimits,
  youngBuffers: YoungBuffers,
): BodyStream {
  let received = 0
  /** Ends the wait for the client; undefined while there is none. */
  let giveUp: ((error: Error) => void) | undefined

  async function* read(): AsyncGenerator<Buffer, void, void> {
    const reader = youngBuffers.open()
    const chunks: AsyncIterator<Buffer> = req.iterator({ destroyOnReturn: false })
    const next = () =>
      new Promise<IteratorResult<Buffer>>((resolve, reject) => {
        giveUp = reject
        chunks.next().then(resolve, reject)
      })
    try {
      for (;;) {
        const { value, done } = await next()
        giveUp = undefined
        if (done) return
        received += value.length
        reader.count(value.length)
        yield value
      }
    } catch (error) {
      throw Error.isError(error) && 'code' in error && error.code === 'ECONNRESET' ? bodyIncomplete() : error
    } finally {
      reader.end()
      const left = chunks.return?.()
      // A wait that was given up goes on for as long as the client likes.
      if (giveUp === undefined) await left
    }
  }

  return {
    bytes: { [Symbol.asyncIterator]: read },
    async during(work) {
      let before = 0
      const timer = setInterval(() => {
        if (received - before < minimumBytesPerSecond * stallSeconds) giveUp?.(bodyTooSlow())
        before = received
      }, stallSeconds * 1000)
      try {
        return await work()
      } finally {
        clearInterval(timer)
      }
    },
  }
}

/** The same bytes, and the digests that are wanted of all that passed. */
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
