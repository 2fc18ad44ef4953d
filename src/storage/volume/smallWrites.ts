import { Worker } from 'node:worker_threads'
import { armedFailpoints } from '../../runtime/failpoint.ts'
import { OTHER_VOLUME } from './identity.ts'
import type { SmallWrite, SmallWriteBatch, SmallWriteFailure } from './smallWriteThread.ts'
import { toStorageError } from './systemErrors.ts'

/** Where the bytes of one small file go: written under one name, then renamed to the other. */
export type SmallWriteTarget = Pick<SmallWrite, 'temporaryPath' | 'path' | 'directory'>

export interface SmallWrites {
  /**
   * Resolves when the bytes are durable under their path, or when another volume was found in the place of ours and
   * nothing was written. Throws `storage-full` or `storage-unavailable`.
   */
  write(target: SmallWriteTarget, bytes: readonly Buffer[]): Promise<'done' | 'other-volume'>
  close(): Promise<void>
}

interface Waiting {
  readonly target: SmallWriteTarget
  readonly bytes: readonly Buffer[]
  resolve(outcome: 'done' | 'other-volume'): void
  reject(error: unknown): void
}

const FILES_AT_ONCE = 64

/**
 * Writes small files in a thread of its own, many at once: a file of one piece costs this thread a share of one message
 * instead of six calls to the file system, and files that are ready in the same moment share their fsync of the directory.
 * `onSyncFailure` is told when a file could not be synced or closed; `identity` says how to know the volume.
 */
export function createSmallWrites(
  onSyncFailure: () => void,
  identity: () => SmallWriteBatch['identity'],
): SmallWrites {
  let queue: Waiting[] = []
  let running: readonly Waiting[] = []
  let thread: Worker | undefined

  function start(): Worker {
    const worker = new Worker(new URL('./smallWriteThread.ts', import.meta.url))
    worker.unref()
    worker.on('message', settle).on('error', (error) => lose(worker, error))
    worker.on('exit', (code) => lose(worker, new Error(`The thread for small files ended with ${code}.`)))
    return worker
  }

  function next() {
    if (running.length > 0 || queue.length === 0) return
    running = queue.splice(0, FILES_AT_ONCE)
    try {
      thread ??= start()
      const batch = { ...toBatch(running), identity: identity() }
      thread.postMessage(batch, [batch.bytes])
    } catch (error) {
      rejectAll(error) // no thread to be had, or no memory
    }
  }

  function settle(failures: readonly (SmallWriteFailure | null)[]) {
    const settled = running
    running = []
    for (const [index, { resolve, reject }] of settled.entries()) {
      const failure = failures[index]
      if (failure?.syncing) onSyncFailure()
      if (failure?.code === OTHER_VOLUME) resolve('other-volume')
      else if (failure)
        reject(toStorageError(Object.assign(new Error(failure.message), { code: failure.code })))
      else resolve('done')
    }
    next()
  }

  /** Whether the files of a lost thread were written is unknown; their uploads fail, and a new thread takes the next. */
  function lose(worker: Worker, error: Error) {
    if (worker !== thread) return
    thread = undefined
    rejectAll(error)
  }

  function rejectAll(error: unknown) {
    const lost = [...running, ...queue]
    running = []
    queue = []
    for (const { reject } of lost) reject(toStorageError(error))
  }

  return {
    write: (target, bytes) =>
      new Promise((resolve, reject) => {
        queue.push({ target, bytes, resolve, reject })
        setImmediate(next) // with all that are ready in this turn of the event loop
      }),
    // Writes that wait are rejected, as when the thread is lost.
    close: async () => void (await thread?.terminate()),
  }
}

/** The bytes are copied into one buffer that changes hands: theirs are shared with other requests. */
function toBatch(waiting: readonly Waiting[]): Omit<SmallWriteBatch, 'identity'> {
  const pieces = waiting.flatMap(({ bytes }) => bytes)
  const bytes = new ArrayBuffer(pieces.reduce((total, { length }) => total + length, 0))
  const target = Buffer.from(bytes)
  let offset = 0
  const writes = waiting.map(({ target: place, bytes: own }): SmallWrite => {
    const from = offset
    for (const piece of own) offset += piece.copy(target, offset)
    return { ...place, from, to: offset }
  })
  return { bytes, writes, failpoints: armedFailpoints() }
}
