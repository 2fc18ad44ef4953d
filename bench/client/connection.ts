import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type Answer = { readonly status: number; readonly length: number; readonly body: string }

type Pending = { resolve: (answer: Answer) => void; reject: (error: Error) => void; keepBody: boolean }

const idleLimit = 120_000
const endOfHead = Buffer.from('\r\n\r\n')

/**
 * One keep-alive connection, one request at a time. It reads into a buffer of its own and understands
 * Content-Length only: the client shares the machine with the servers, so it must cost next to nothing.
 */
export function createConnection(port: number) {
  const memory = Buffer.allocUnsafe(256 * 1024)
  let socket: Socket | undefined
  let pending: Pending | undefined
  let head = Buffer.alloc(0)
  let kept: Buffer[] = []
  let status = 0
  let length = -1
  let left = 0

  /** Answered, or lost, before everything was sent. */
  const isOver = () => pending === undefined

  function fail(error: Error): void {
    socket?.destroy()
    socket = undefined
    const failed = pending
    pending = undefined
    failed?.reject(error)
  }

  function finish(): void {
    const finished = pending
    const body = Buffer.concat(kept).toString()
    pending = undefined
    finished?.resolve({ status, length, body })
  }

  function readHead(piece: Buffer): Buffer | undefined {
    head = head.length === 0 ? Buffer.from(piece) : Buffer.concat([head, piece])
    const end = head.indexOf(endOfHead)
    if (end < 0) return undefined
    const text = head.toString('latin1', 0, end)
    const declared = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
    status = Number(text.slice(9, 12))
    if (declared === undefined) throw new Error(`No Content-Length in the answer: ${text}`)
    length = Number(declared)
    left = length
    return head.subarray(end + endOfHead.length)
  }

  function receive(piece: Buffer): void {
    const body = length < 0 ? readHead(piece) : piece
    if (body === undefined) return
    if (pending?.keepBody || status >= 400) kept.push(Buffer.from(body))
    left -= body.length
    if (left <= 0) finish()
  }

  function onRead(size: number, buffer: Uint8Array): boolean {
    try {
      receive(Buffer.from(buffer.buffer, buffer.byteOffset, size))
    } catch (error) {
      fail(error as Error)
    }
    return true
  }

  async function open(): Promise<Socket> {
    const opened = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: memory, callback: onRead },
    })
    const lost = (reason: string) => () => {
      if (socket === opened) fail(new Error(reason))
    }
    opened.on('error', (error) => socket === opened && fail(error))
    opened.on('close', lost('The server closed the connection'))
    opened.on('end', lost('The server ended the connection'))
    opened.setTimeout(idleLimit, lost(`Nothing moved for ${idleLimit} ms`))
    await once(opened, 'connect')
    return opened
  }

  return {
    /** Sends the pieces of one request and reads its answer. */
    async exchange(pieces: Iterable<Buffer>, keepBody: boolean): Promise<Answer> {
      const connected = socket ?? (await open())
      socket = connected
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      pending = { resolve, reject, keepBody }
      head = Buffer.alloc(0)
      kept = []
      length = -1
      for (const piece of pieces) {
        if (isOver()) break
        const more = connected.write(piece)
        if (!more && piece.length >= 64 * 1024) await drained(connected, promise)
      }
      return promise
    },

    close: () => {
      const open = socket
      socket = undefined
      open?.destroy()
    },
  }
}

/** Waits until the socket takes more, or the request is over anyway. */
async function drained(socket: Socket, over: Promise<unknown>): Promise<void> {
  const waiting = new AbortController()
  const drain = once(socket, 'drain', { signal: waiting.signal }).catch(() => {})
  await Promise.race([drain, over.catch(() => {})])
  waiting.abort()
}
