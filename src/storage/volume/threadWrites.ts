import { Worker } from 'node:worker_threads'
import type { StorageKey } from '../../model/blob.ts'
import { armedFailpoints } from '../../runtime/failpoint.ts'
import { createSharedSender, isShared } from '../../runtime/sharedBytes.ts'
import { type IdentityStamp, OTHER_VOLUME } from './identity.ts'
import { toStorageError } from './systemErrors.ts'
import type { ThreadWrite, WriteFailure } from './writeSteps.ts'
import type { WriteBatch } from './writeThread.ts'

export interface ThreadWrites {
  /**
   * Resolves with "done" when the bytes are durable under their key, with "other-volume" when another volume is mounted
   * and nothing was written. Bytes of shared memory are written where they lie, and must stay as they are until then; all
   * others are copied. Throws `storage-full` or `storage-unavailable`.
   */
  write(key: StorageKey, bytes: Buffer): Promise<'done' | 'other-volume'>
  close(): Promise<void>
}

interface Waiting {
  readonly key: StorageKey
  readonly bytes: Buffer
  resolve(outcome: 'done' | 'other-volume'): void
  reject(error: unknown): void
}

const FILES_AT_ONCE = 64

/** A thread that holds shared memory ends after this time without a file: the memory is to go when nobody uses it any more. */
const IDLE_MILLISECONDS = 4000

/**
 * Writes files that are in memory as a whole in one thread, many at once (docs/decisions/0017): a file costs the event loop a
 * share of one message instead of seven calls to the file system, and files that are ready in the same moment share the fsync of
 * their directory.
 * `root` is the directory of the volume; `distrust` is called when bytes that seemed to be written may be lost; `stamp` tells how
 * the thread knows the volume.
 */
export function createThreadWrites(
  root: string,
  distrust: () => void,
  stamp: () => IdentityStamp | undefined,
): ThreadWrites {
  let queue: Waiting[] = []
  let running: readonly Waiting[] = []
  let thread: Worker | undefined
  let shared = createSharedSender()
  let ending: NodeJS.Timeout | undefined

  function start(): Worker {
    const worker = new Worker(new URL('./writeThread.ts', import.meta.url))
    worker.unref()
    worker.on('message', settle).on('error', (error) => lose(worker, error))
    worker.on('exit', (code) => lose(worker, new Error(`The thread that writes files ended with ${code}.`)))
    return worker
  }

  function next() {
    if (running.length > 0) return
    if (queue.length === 0) return endLater()
    clearTimeout(ending)
    running = queue.splice(0, FILES_AT_ONCE)
    try {
      thread ??= start()
      const batch = { ...toBatch(running, shared), root, stamp: stamp() }
      thread.postMessage(batch, [batch.copied])
    } catch (error) {
      rejectAll(error) // no memory for a thread or for the bytes
    }
  }

  function settle(failures: readonly (WriteFailure | null)[]) {
    const settled = running
    running = []
    for (const [index, { resolve, reject }] of settled.entries()) {
      const failure = failures[index]
      if (failure?.distrusted) distrust()
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
    forget()
    rejectAll(error)
  }

  function forget() {
    thread = undefined
    shared = createSharedSender()
  }

  function endLater() {
    clearTimeout(ending)
    if (!shared.holdsMemory()) return
    ending = setTimeout(() => {
      void thread?.terminate()
      forget()
    }, IDLE_MILLISECONDS).unref()
  }

  function rejectAll(error: unknown) {
    const lost = [...running, ...queue]
    running = []
    queue = []
    for (const { reject } of lost) reject(toStorageError(error))
  }

  return {
    write: (key, bytes) =>
      new Promise((resolve, reject) => {
        queue.push({ key, bytes, resolve, reject })
        setImmediate(next) // together with all files that are ready in this turn of the event loop
      }),
    // Writes that wait are rejected, as when the thread ends by itself.
    close: async () => void (await thread?.terminate()),
  }
}

/**
 * Copies all bytes that are not shared into one buffer that moves to the thread: the buffers of a request may share memory with
 * other requests.
 */
function toBatch(
  waiting: readonly Waiting[],
  shared: ReturnType<typeof createSharedSender>,
): Omit<WriteBatch, 'root' | 'stamp'> {
  const copied = new ArrayBuffer(
    waiting.reduce((total, { bytes }) => total + (isShared(bytes) ? 0 : bytes.length), 0),
  )
  const target = Buffer.from(copied)
  let to = 0
  const writes = waiting.map(({ key, bytes }): ThreadWrite => {
    if (isShared(bytes)) return { key, bytes: shared.send(bytes) }
    const from = to
    to += bytes.copy(target, from)
    return { key, bytes: { from, to } }
  })
  return { copied, writes, failpoints: armedFailpoints() }
}
