import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { storageUnavailable } from '../errors/service.ts'
import { createSharedSender } from '../runtime/sharedBytes.ts'
import type { DigestAnswer, DigestMessage, DroppedFile } from './digestThread.ts'

/** Digests of one file, computed by a thread. */
export interface ThreadDigests {
  /**
   * Digests bytes of the shared memory, which must stay as they are until this resolves. Throws `storage-unavailable` when
   * the thread ended.
   */
  update(bytes: Buffer): Promise<void>
  /** Digests the last bytes, as `update` does, and returns the digests in the order of the algorithms. To be called once. */
  finish(bytes: Buffer): Promise<Buffer[]>
  /** Gives the file up, finished or not. */
  close(): void
}

export interface DigestThreads {
  /**
   * Begins a file. Undefined when no thread can be started: the event loop computes the digests
   * then.
   */
  open(algorithms: readonly string[]): ThreadDigests | undefined
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
  readonly shared: ReturnType<typeof createSharedSender>
  /** The messages about each open file that the thread has not answered, the oldest first. */
  readonly files: Map<number, PromiseWithResolvers<DigestAnswer>[]>
  ending: NodeJS.Timeout | undefined
}

const lost = () => storageUnavailable(new Error('The thread for digests ended.'))

/**
 * Threads that digest large files, so that the event loop can serve other requests meanwhile (docs/decisions/0008). The
 * first large file starts the first thread; each file stays with one thread.
 */
export function createDigestThreads(): DigestThreads {
  const size = Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))
  const threads: Thread[] = []
  let opened = 0

  function start(): Thread {
    const worker = new Worker(new URL('./digestThread.ts', import.meta.url))
    const thread: Thread = { worker, shared: createSharedSender(), files: new Map(), ending: undefined }
    worker.on('message', (answer: DigestAnswer) => thread.files.get(answer.file)?.shift()?.resolve(answer))
    worker.on('error', () => forget(thread)).on('exit', () => forget(thread))
    worker.unref()
    threads.push(thread)
    return thread
  }

  /** A thread that ended fails its files. */
  function forget(thread: Thread) {
    const at = threads.indexOf(thread)
    if (at >= 0) threads.splice(at, 1)
    for (const { reject } of [...thread.files.values()].flat()) reject(lost())
    thread.files.clear()
  }

  function endLater(thread: Thread) {
    thread.ending = setTimeout(() => {
      forget(thread)
      void thread.worker.terminate()
    }, IDLE_MILLISECONDS).unref()
  }

  function leastBusy() {
    const idle = threads.find(({ files }) => files.size === 0)
    if (idle) return idle
    if (threads.length < size) {
      try {
        return start()
      } catch {
        // no memory for another thread: one that runs takes the file
      }
    }
    const [first, ...others] = threads
    return others.reduce(
      (least, thread) => (least && thread.files.size < least.files.size ? thread : least),
      first,
    )
  }

  return {
    open(algorithms) {
      const thread = leastBusy()
      if (!thread) return undefined
      clearTimeout(thread.ending)
      const file = opened++
      const unanswered: PromiseWithResolvers<DigestAnswer>[] = []
      thread.files.set(file, unanswered)
      let begun = false

      async function digest(bytes: Buffer, last: boolean) {
        if (!thread?.files.has(file)) throw lost()
        const answer = Promise.withResolvers<DigestAnswer>()
        unanswered.push(answer)
        begun = !last
        const message: DigestMessage = { file, algorithms, bytes: thread.shared.send(bytes), last }
        thread.worker.postMessage(message)
        return await answer.promise
      }

      return {
        async update(bytes) {
          await digest(bytes, false)
        },
        async finish(bytes) {
          const { digests = [] } = await digest(bytes, true)
          return digests.map((each) => Buffer.from(each))
        },
        close() {
          if (!thread.files.delete(file)) return
          for (const { reject } of unanswered) reject(lost())
          const dropped: DroppedFile = { file, dropped: true }
          if (begun) thread.worker.postMessage(dropped)
          if (thread.files.size === 0) endLater(thread)
        },
      }
    },
    async close() {
      for (const { ending } of threads) clearTimeout(ending)
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}
