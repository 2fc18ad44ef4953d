import type { Request } from 'express'
import { bodyIncomplete } from '../../errors/requests.ts'
import { joinBuffers } from '../../runtime/joinBuffers.ts'

/**
 * The bytes of a small body in one piece, once all have come; no piece for an empty one. It listens to events, because the
 * iterator of a stream costs more CPU time than a small body. Calls `count` for bytes as they come. Throws `body-incomplete` when
 * the client disconnects.
 */
export function collectBody(req: Request, count: (bytes: number) => void): AsyncIterator<Buffer, void> {
  const chunks: Buffer[] = []
  const { promise: ended, resolve: end, reject } = Promise.withResolvers<void>()
  const add = (chunk: Buffer) => {
    count(chunk.length)
    chunks.push(chunk)
  }
  const fail = () => reject(bodyIncomplete())

  return {
    async next() {
      if (req.readableEnded) return { value: undefined, done: true }
      if (req.destroyed) throw bodyIncomplete()
      req.on('data', add).on('end', end).on('close', fail)
      await ended
      const value = joinBuffers(chunks)
      return value.length === 0 ? { value: undefined, done: true } : { value, done: false }
    },
    /** Leaves the bytes that did not come to the connection. */
    async return() {
      req.off('data', add).off('end', end).off('close', fail).pause()
      return { value: undefined, done: true }
    },
  }
}
