import { storageUnavailable } from '../../errors/service.ts'

/** Memory for the bytes of one part; all uploads together have a limited number of buffers. */
export interface PartBuffer {
  readonly bytes: Buffer
  /** Gives the buffer back. Does nothing the second time. */
  release(): void
}

export interface PartBuffers {
  readonly partBytes: number
  /** Waits for a free buffer; callers are served in order. Throws `storage-unavailable` after 30 s. */
  take(): Promise<PartBuffer>
  /** A buffer that is free now; undefined when there is none. */
  takeNow(): PartBuffer | undefined
}

const PATIENCE_MILLISECONDS = 30_000

/** Unused buffers that are kept: to make a buffer costs more than to fill it. */
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
        reject(
          storageUnavailable(
            new Error(
              `Uploads use all of their ${most * partBytes} bytes of memory: raise AWS_S3_UPLOAD_MEMORY.`,
            ),
          ),
        )
      }, PATIENCE_MILLISECONDS)
      waiting.add(serve)
      return await promise
    },
  }
}

/** Buffers that one upload holds at most: one that fills, three that are being sent. */
const MOST_HELD = 4

/** Takes buffers for one upload: the first as soon as one is free, more while others leave some. */
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
