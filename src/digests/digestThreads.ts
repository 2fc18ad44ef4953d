import { availableParallelism } from 'node:os'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { storageUnavailable } from '../errors/service.ts'
import type { DigestJob, DigestPiece } from './digestThread.ts'

/** Digests of one file, computed by a thread. */
export interface ThreadDigests {
  /**
   * Digests bytes of the shared memory, which must stay as they are until this resolves. Throws `storage-unavailable` when
   * the thread ended.
   */
  update(bytes: Buffer): Promise<void>
  /** The digests, in the order of the algorithms. */
  finish(): Promise<Buffer[]>
  /** Gives the file up, finished or not. */
  close(): void
}

export interface DigestThreads {
  /**
   * Begins a file whose bytes come in `memory`. Undefined when no thread can be started: the event loop computes the digests
   * then.
   */
  open(algorithms: readonly string[], memory: SharedArrayBuffer): ThreadDigests | undefined
  close(): Promise<void>
}

const MOST_THREADS = 4

/**
 * A thread that had no file for this time ends, and with it its hold on the memory of uploads: before `UploadBlocks` gives up
 * that memory, so that no thread keeps memory that nobody uses any more.
 */
const IDLE_MILLISECONDS = 4000

interface Thread {
  readonly worker: Worker
  /** The memory that the thread knows, by number. */
  readonly memories: Map<SharedArrayBuffer, number>
  files: number
  ending: NodeJS.Timeout | undefined
}

/**
 * Threads that digest large files, so that the event loop can serve other requests meanwhile (docs/decisions/0008). The
 * first large file starts the first thread; each file stays with one thread.
 */
export function createDigestThreads(): DigestThreads {
  const size = Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))
  const threads: Thread[] = []

  function start(): Thread {
    const worker = new Worker(new URL('./digestThread.ts', import.meta.url))
    const thread: Thread = { worker, memories: new Map(), files: 0, ending: undefined }
    // The ports of a thread that ends close, and its files fail.
    worker.on('error', () => forget(thread)).on('exit', () => forget(thread))
    worker.unref()
    threads.push(thread)
    return thread
  }

  function forget(thread: Thread) {
    const at = threads.indexOf(thread)
    if (at >= 0) threads.splice(at, 1)
  }

  function endLater(thread: Thread) {
    thread.ending = setTimeout(() => {
      forget(thread)
      void thread.worker.terminate()
    }, IDLE_MILLISECONDS).unref()
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
    open(algorithms, memory) {
      const thread = leastBusy()
      if (!thread) return undefined
      clearTimeout(thread.ending)
      thread.files += 1
      const { port1, port2: port } = new MessageChannel()
      const known = thread.memories.get(memory)
      const number = known ?? thread.memories.size
      thread.memories.set(memory, number)
      const bytes = known === undefined ? memory : undefined
      const job: DigestJob = { algorithms, port, memory: number, bytes }
      thread.worker.postMessage(job, [port])
      return digestThrough(port1, () => {
        thread.files -= 1
        if (thread.files === 0) endLater(thread)
      })
    },
    async close() {
      for (const { ending } of threads) clearTimeout(ending)
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}

function digestThrough(port: MessagePort, ended: () => void): ThreadDigests {
  /** The updates that the thread has not answered, the oldest first. */
  const updates: PromiseWithResolvers<void>[] = []
  const digests = Promise.withResolvers<Buffer[]>()
  digests.promise.catch(() => {}) // a file that was given up does not wait for its digests
  let open = true

  port.on('message', (answer: Uint8Array[] | undefined) => {
    if (answer) digests.resolve(answer.map((digest) => Buffer.from(digest)))
    else updates.shift()?.resolve()
  })
  port.on('close', () => {
    close()
    const lost = storageUnavailable(new Error('The thread for digests ended.'))
    for (const { reject } of [...updates.splice(0), digests]) reject(lost)
  })

  function close() {
    if (!open) return
    open = false
    port.close()
    ended()
  }

  return {
    async update(bytes) {
      if (!open) return void (await digests.promise) // throws
      const update = Promise.withResolvers<void>()
      updates.push(update)
      const piece: DigestPiece = { from: bytes.byteOffset, to: bytes.byteOffset + bytes.length }
      port.postMessage(piece)
      await update.promise
    },
    async finish() {
      port.postMessage(undefined)
      return await digests.promise
    },
    close,
  }
}
