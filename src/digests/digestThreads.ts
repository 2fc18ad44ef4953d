import { availableParallelism } from 'node:os'
import { MessageChannel, Worker } from 'node:worker_threads'
import { storageUnavailable } from '../errors/service.ts'
import type { DigestJob } from './digestThread.ts'

/** Digests of one file, computed by a thread. */
export interface ThreadDigests {
  /**
   * Copies the bytes for the thread; waits while all pieces of the file are full. Throws `storage-unavailable` when the thread
   * ended.
   */
  update(bytes: Buffer): Promise<void>
  /** The digests, in the order of the algorithms. */
  finish(): Promise<Buffer[]>
  /** Gives the file up, finished or not. */
  close(): void
}

export interface DigestThreads {
  /** Undefined when no thread can be started: the event loop computes the digests then. */
  open(algorithms: readonly string[]): ThreadDigests | undefined
  close(): Promise<void>
}

/** Bytes in one message to a thread. */
const PIECE_BYTES = 128 * 1024
/** Pieces of one file: one fills while the thread digests the others. */
const PIECES = 4
const MOST_THREADS = 4

/**
 * Threads that digest large files, so that the event loop can serve other requests meanwhile (docs/decisions/0008). The
 * first large file starts the first thread; each file stays with one thread.
 */
export function createDigestThreads(): DigestThreads {
  const size = Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))
  const threads: { worker: Worker; files: number }[] = []

  function start() {
    const thread = { worker: new Worker(new URL('./digestThread.ts', import.meta.url)), files: 0 }
    const forget = () => {
      const at = threads.indexOf(thread)
      if (at >= 0) threads.splice(at, 1)
    }
    thread.worker.on('error', forget).on('exit', forget) // the ports of the thread close, and their files fail
    thread.worker.unref()
    threads.push(thread)
    return thread
  }

  function leastBusy() {
    const idle = threads.find(({ files }) => files === 0)
    if (idle) return idle
    if (threads.length < size) {
      try {
        return start()
      } catch {
        // no memory for another thread: one that runs takes the file
      }
    }
    const [first, ...others] = threads
    return others.reduce((least, thread) => (least && thread.files < least.files ? thread : least), first)
  }

  return {
    open(algorithms) {
      const thread = leastBusy()
      if (!thread) return undefined
      thread.files += 1
      return digestIn(thread.worker, algorithms, () => {
        thread.files -= 1
      })
    },
    close: async () => void (await Promise.all(threads.map(({ worker }) => worker.terminate()))),
  }
}

function digestIn(worker: Worker, algorithms: readonly string[], ended: () => void): ThreadDigests {
  const { port1: port, port2 } = new MessageChannel()
  const free: Uint8Array<SharedArrayBuffer>[] = []
  let made = 0
  const lent: Uint8Array<SharedArrayBuffer>[] = []
  const { promise: digests, resolve, reject } = Promise.withResolvers<Buffer[]>()
  digests.catch(() => {}) // a file that was given up does not wait for its digests
  let open = true
  let wake = () => {}
  const job: DigestJob = { algorithms, port: port2 }
  worker.postMessage(job, [port2])

  port.on('message', (answer: Uint8Array[] | undefined) => {
    if (answer) return resolve(answer.map((digest) => Buffer.from(digest)))
    const piece = lent.shift()
    if (piece) free.push(piece)
    wake()
  })
  port.on('close', () => {
    close()
    reject(storageUnavailable(new Error('The thread for digests ended.')))
    wake()
  })

  function close() {
    if (!open) return
    open = false
    port.close()
    ended()
  }

  async function takePiece() {
    for (;;) {
      if (!open) await digests // throws
      const piece = free.pop()
      if (piece) return piece
      if (made < PIECES) {
        made += 1
        return new Uint8Array(new SharedArrayBuffer(PIECE_BYTES))
      }
      await new Promise<void>((next) => {
        wake = next
      })
    }
  }

  let piece: Uint8Array<SharedArrayBuffer> | undefined
  let filled = 0

  function hand(over: Uint8Array<SharedArrayBuffer>) {
    lent.push(over)
    port.postMessage(over.subarray(0, filled))
    piece = undefined
    filled = 0
  }

  return {
    async update(bytes) {
      for (let offset = 0; offset < bytes.length; ) {
        piece ??= await takePiece()
        const length = bytes.copy(piece, filled, offset)
        offset += length
        filled += length
        if (filled === PIECE_BYTES) hand(piece)
      }
    },
    async finish() {
      if (piece) hand(piece)
      port.postMessage(undefined)
      return await digests
    },
    close,
  }
}
