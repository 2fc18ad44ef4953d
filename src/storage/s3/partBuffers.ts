import { storageUnavailable } from '../../errors.ts'

/** Memory for the bytes of one request, of which there is so much for all uploads together. */
export interface PartBuffer {
  readonly bytes: Buffer
  /** Gives it back. Does nothing the second time. */
  release(): void
}

export interface PartBuffers {
  readonly partBytes: number
  /** Waits, in the order of asking, until there is one. Throws `storage-unavailable` when that takes 30 s. */
  take(): Promise<PartBuffer>
  /** One that is there now, unless somebody waits for it. */
  takeNow(): PartBuffer | undefined
}

const PATIENCE_MILLISECONDS = 30_000

/** Buffers that are kept although nobody uses them: making one costs more than filling it. */
const MOST_IDLE = 8

/** At most `most` buffers of `partBytes` each. */
export function createPartBuffers({ partBytes, most }: { partBytes: number; most: number }): PartBuffers {
  const idle: Buffer[] = []
  const waiting = new Set<(buffer: PartBuffer) => void>()
  let used = 0

  function lend(bytes: Buffer): PartBuffer {
    let lent = true
    return {
      bytes,
      release() {
        if (!lent) return
        lent = false
        const [next] = waiting
        if (next) return next(lend(bytes))
        used -= 1
        if (idle.length < MOST_IDLE) idle.push(bytes)
      },
    }
  }

  function takeNow() {
    if (used >= most) return undefined
    used += 1
    return lend(idle.pop() ?? Buffer.allocUnsafeSlow(partBytes))
  }

  return {
    partBytes,
    takeNow,
    async take() {
      const now = takeNow()
      if (now) return now
      const { promise, resolve, reject } = Promise.withResolvers<PartBuffer>()
      const serve = (buffer: PartBuffer) => {
        waiting.delete(serve)
        clearTimeout(timer)
        resolve(buffer)
      }
      const timer = setTimeout(() => {
        waiting.delete(serve)
        reject(storageUnavailable(new Error(`Uploads use all of their ${most * partBytes} bytes of memory.`)))
      }, PATIENCE_MILLISECONDS)
      waiting.add(serve)
      return await promise
    },
  }
}

/** Parts of one upload at once: one that fills, and three on their way. */
const MOST_HELD = 4

/** Takes buffers for one upload, which may have to wait for its own. */
export function createPartTaker(buffers: PartBuffers): () => Promise<PartBuffer> {
  let held = 0
  let released = Promise.withResolvers<void>()

  function hold({ bytes, release }: PartBuffer): PartBuffer {
    held += 1
    let holds = true
    return {
      bytes,
      release() {
        if (!holds) return
        holds = false
        release()
        held -= 1
        released.resolve()
        released = Promise.withResolvers<void>()
      },
    }
  }

  return async () => {
    for (;;) {
      if (held === 0) return hold(await buffers.take())
      const more = held < MOST_HELD ? buffers.takeNow() : undefined
      if (more) return hold(more)
      await released.promise
    }
  }
}
