import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { readAnswer } from './rawAnswer.ts'
import type { TestService } from './service.ts'

type Bytes = string | Uint8Array

/** An answer as it came over the wire. A problem in it can be compared with `toBeProblem`. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  readonly bytes: Buffer
}

/** A connection used by hand: nothing is sent, added or read that the test does not ask for. */
export interface RawConnection {
  /** The port by which the service knows this connection. */
  readonly port: number
  /** Whether the bytes could be handed over: false when the connection is closed. */
  write(bytes: Bytes): Promise<boolean>
  /** The next answer, 100 included. Rejects when the connection ends before it, or after a minute. */
  answer(toMethod?: string): Promise<RawAnswer>
  /** Bytes beyond the requested answers, once the service has ended the connection. */
  rest(): Promise<Buffer>
  /** Stops reading the bytes of the service, and reads on. */
  pause(): void
  resume(): void
  /** Says that no more bytes come. */
  end(): void
  /** Drops the connection without a word (RST). */
  reset(): void
  destroy(): void
}

const PATIENCE_MILLISECONDS = 60_000

/** Opens a connection and sends these bytes over it, exactly. */
export async function openRaw(
  { port }: Pick<TestService, 'port'>,
  bytes: Bytes = '',
): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  await once(socket, 'connect')
  socket.unref() // one that a failed test left open must not keep the run from ending
  const received = createStock()
  let over = false
  let changed = Promise.withResolvers<void>()
  const change = () => {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }
  const finish = () => {
    over = true
    change()
  }
  socket.on('error', finish).on('close', finish).on('end', finish)
  socket.on('data', (chunk: Buffer) => {
    received.add(chunk)
    change()
  })

  /** Waits until `find` finds something in what was received. */
  async function until<Found>(find: () => Found | undefined, wanted: string): Promise<Found> {
    const deadline = sleep(PATIENCE_MILLISECONDS, 'late' as const, { ref: false })
    for (;;) {
      const next = changed.promise
      const found = find()
      if (found !== undefined) return found
      if (over)
        throw new Error(`The connection ended before ${wanted}: ${received.all().toString('latin1', 0, 500)}`)
      if ((await Promise.race([next, deadline])) === 'late')
        throw new Error(`There was not ${wanted} in time.`)
    }
  }

  const connection: RawConnection = {
    port: socket.localPort ?? 0,
    async write(more) {
      if (socket.writable && !socket.write(more))
        await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {})
      return socket.writable
    },
    answer: (toMethod = 'GET') =>
      until(() => {
        const found = readAnswer(received.all(), toMethod)
        if (found) received.take(found.length)
        return found?.answer
      }, 'an answer'),
    rest: () => until(() => (over ? received.all() : undefined), 'an end of the connection'),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    destroy: () => void socket.destroy(),
  }
  if (bytes.length > 0) await connection.write(bytes)
  return connection
}

/** Bytes that come piece by piece, in one buffer that doubles when it is full. */
function createStock() {
  let buffer = Buffer.alloc(65_536)
  let filled = 0
  return {
    add(chunk: Buffer) {
      while (filled + chunk.length > buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
      filled += chunk.copy(buffer, filled)
    },
    all: () => buffer.subarray(0, filled),
    take(count: number) {
      buffer = Buffer.concat([buffer.subarray(count, filled)], 65_536 + filled)
      filled -= count
    },
  }
}

/** Sends exactly these bytes and takes the first final answer. The connection is dropped after it. */
export async function rawRequest(
  service: Pick<TestService, 'port'>,
  bytes: Bytes,
  toMethod?: string,
): Promise<RawAnswer> {
  const connection = await openRaw(service, bytes)
  try {
    for (;;) {
      const answer = await connection.answer(toMethod)
      if (answer.status >= 200) return answer
    }
  } finally {
    connection.destroy()
  }
}
