import { Worker } from 'node:worker_threads'
import { armedFailpoints } from '../../runtime/failpoint.ts'
import { OTHER_VOLUME } from './identity.ts'
import type { SmallWrite, SmallWriteFailure } from './smallWriteSteps.ts'
import type { SmallWriteBatch } from './smallWriteThread.ts'
import { toStorageError } from './systemErrors.ts'

/** Where one small file goes. */
export type SmallWriteTarget = Omit<SmallWrite, 'from' | 'to'>

export interface SmallWrites {
  /**
   * Resolves with "done" when the bytes are durable under their path, with "other-volume" when another volume is mounted
   * and nothing was written. Throws `storage-full` or `storage-unavailable`.
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
 * Writes small files in one thread, many at once (docs/decisions/0017): a file costs the event loop a share of one message
 * instead of seven calls to the file system, and files that are ready in the same moment share the fsync of their directory.
 * `onSyncFailure` is called when a file could not be synced or closed; `identity` tells how the thread knows the volume.
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
      rejectAll(error) // no memory for a thread or for the bytes
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

  /** The files of a thread that ended may be written or not: their uploads fail, and a new thread takes the next files. */
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
        setImmediate(next) // together with all files that are ready in this turn of the event loop
      }),
    // Writes that wait are rejected, as when the thread ends by itself.
    close: async () => void (await thread?.terminate()),
  }
}

/** Copies the bytes into one buffer that moves to the thread: the buffers of a request may share memory with other requests. */
function toBatch(waiting: readonly Waiting[]): Omit<SmallWriteBatch, 'identity'> {
  const pieces = waiting.flatMap(({ bytes }) => bytes)
  const bytes = new ArrayBuffer(pieces.reduce((total, { length }) => total + length, 0))
  const target = Buffer.from(bytes)
  let offset = 0
  const writes = waiting.map(({ target: paths, bytes: own }): SmallWrite => {
    const from = offset
    for (const piece of own) offset += piece.copy(target, offset)
    return { ...paths, from, to: offset }
  })
  return { bytes, writes, failpoints: armedFailpoints() }
}
