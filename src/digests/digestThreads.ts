import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { MessageChannel, Worker } from 'node:worker_threads'
import { storageUnavailable } from '../errors.ts'
import type { DigestJob } from './digestThread.ts'

/** Digests of one file, as a rule computed beside the event loop. */
export interface ThreadDigests {
  /** Copies the bytes for the thread; waits while it has enough to do. Throws when the thread was lost. */
  update(bytes: Buffer): Promise<void>
  /** The digests, in the order of the algorithms. */
  finish(): Promise<Buffer[]>
  /** Lets the thread forget the file. */
  close(): void
}

export interface DigestThreads {
  /** Undefined when there is no thread to be had: then the event loop has to do. */
  open(algorithms: readonly string[]): ThreadDigests | undefined
  close(): Promise<void>
}

/** What a thread gets at once, and how many there are for a file: one fills while the thread has the others. */
const PIECE_BYTES = 128 * 1024
const PIECES = 4
const MOST_THREADS = 4

/**
 * Threads that digest large files: the digests take longer than everything else that is done with a byte, and the event
 * loop would do nothing else meanwhile. They begin with the first large file; each file stays with one of them.
 * With `firstHere`, one file at a time is digested by the event loop, and only those beside it by threads: on two cores
 * that have S3's connections to serve as well, bringing bytes to the other core takes more than it saves (0008).
 */
export function createDigestThreads({ firstHere = false } = {}): DigestThreads {
  const size = Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))
  const threads: { worker: Worker; files: number }[] = []
  let here = false

  function start() {
    const thread = { worker: new Worker(new URL('./digestThread.ts', import.meta.url)), files: 0 }
    const forget = () => {
      const at = threads.indexOf(thread)
      if (at >= 0) threads.splice(at, 1)
    }
    thread.worker.on('error', forget).on('exit', forget) // its ports are closed, and their files fail
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
        // none may be started just now
      }
    }
    const [first, ...others] = threads
    return others.reduce((least, thread) => (least && thread.files < least.files ? thread : least), first)
  }

  return {
    open(algorithms) {
      if (firstHere && !here) {
        here = true
        return digestHere(algorithms, () => {
          here = false
        })
      }
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

function digestHere(algorithms: readonly string[], ended: () => void): ThreadDigests {
  const hashes = algorithms.map((algorithm) => createHash(algorithm))
  let open = true
  return {
    async update(bytes) {
      for (const hash of hashes) hash.update(bytes)
    },
    finish: async () => hashes.map((hash) => hash.digest()),
    close() {
      if (open) ended()
      open = false
    },
  }
}

function digestIn(worker: Worker, algorithms: readonly string[], ended: () => void): ThreadDigests {
  const { port1: port, port2 } = new MessageChannel()
  const free: Uint8Array<SharedArrayBuffer>[] = []
  let made = 0
  const lent: Uint8Array<SharedArrayBuffer>[] = []
  const { promise: digests, resolve, reject } = Promise.withResolvers<Buffer[]>()
  digests.catch(() => {}) // whoever gave up does not ask for them
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
