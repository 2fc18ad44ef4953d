import { createHash } from 'node:crypto'
import type { Request } from 'express'
import type { Digests } from '../domain/receipt.ts'
import { bodyIncomplete, bodyTooSlow } from '../errors.ts'

export interface SlowLimits {
  readonly minimumBytesPerSecond: number
  readonly stallSeconds: number
}

/** A request's body as bytes, and a promise that rejects with `body-too-slow` while it is being read too slowly. */
export interface BodyStream {
  readonly bytes: AsyncIterable<Buffer>
  /** Runs the work that reads the body; ends it early when the body comes too slowly. */
  during<Result>(work: () => Promise<Result>): Promise<Result>
}

/**
 * Opens the body of a request. Leaving it early does not close the connection, so that there can be an answer. A body
 * that is cut off throws `body-incomplete`. Only time spent waiting for the client counts as the client's slowness.
 */
export function openBody(req: Request, { minimumBytesPerSecond, stallSeconds }: SlowLimits): BodyStream {
  let received = 0
  let waiting = false

  async function* read(): AsyncGenerator<Buffer, void, void> {
    const chunks: AsyncIterator<Buffer> = req.iterator({ destroyOnReturn: false })
    try {
      for (;;) {
        waiting = true
        const { value, done } = await chunks.next()
        waiting = false
        if (done) return
        received += value.length
        yield value
      }
    } catch (error) {
      throw Error.isError(error) && 'code' in error && error.code === 'ECONNRESET' ? bodyIncomplete() : error
    } finally {
      await chunks.return?.()
    }
  }

  return {
    bytes: { [Symbol.asyncIterator]: read },
    during(work) {
      const { promise: slow, reject } = Promise.withResolvers<never>()
      let before = 0
      const timer = setInterval(() => {
        if (waiting && received - before < minimumBytesPerSecond * stallSeconds) reject(bodyTooSlow())
        before = received
      }, stallSeconds * 1000)
      const working = work()
      working.catch(() => {}) // when it lost the race, its failure follows from the answer that was given
      return Promise.race([working, slow]).finally(() => clearInterval(timer))
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
