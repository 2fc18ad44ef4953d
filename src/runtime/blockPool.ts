/** The memory of all downloads: a limited number of buffers, each for one block of a file (docs/decisions/0018). */
export interface BlockPool {
  /**
   * Waits for a buffer. While none is free, one is taken from the download that has offered its own for the longest time;
   * without an offer, callers wait in their order.
   */
  take(): Promise<PooledBlock>
  /** Whether callers wait for a buffer: whoever has one gives it back after a block. */
  wanted(): boolean
  /** A second buffer, to read ahead into. Undefined when there is none, or when a quarter of all buffers are read ahead into. */
  takeAhead(): PooledBlock | undefined
  /**
   * Counts memory of a download that needs no buffer, as if it were one of the pool. Returns the function to call, once, when the
   * memory is free again. Undefined when buffers need the memory, or when a quarter of all memory is taken in this way.
   */
  takeBytes(bytes: number): (() => void) | undefined
}

/** A buffer of the pool, in the hands of one download. */
export interface PooledBlock {
  readonly buffer: Buffer
  /** Offers the buffer to other downloads. `onTaken` is called at most once, before another download writes into the buffer. */
  offer(onTaken: () => void): void
  /** Ends the offer. False when the buffer was taken. */
  withdraw(): boolean
  /** Gives the buffer back. Does nothing after the buffer was taken or given back. */
  release(): void
}

export interface BlockPoolOptions {
  readonly bufferBytes: number
  /** Buffers, at most. */
  readonly most: number
}

/** A pool from which nobody took a buffer for this time frees those that nobody has. */
const IDLE_MILLISECONDS = 5000

export function createBlockPool({ bufferBytes, most }: BlockPoolOptions): BlockPool {
  const free: Buffer[] = []
  /** The buffers that may be taken, the longest offered first. */
  const offers = new Map<PooledBlock, () => Buffer>()
  const waiting: ((buffer: Buffer) => void)[] = []
  let made = 0
  let bytesTaken = 0
  let ahead = 0
  let idle: NodeJS.Timeout | undefined

  const hasRoom = (bytes: number) => made * bufferBytes + bytesTaken + bytes <= most * bufferBytes

  function find(): Buffer | undefined {
    const buffer = free.pop()
    freeLater()
    if (buffer) return buffer
    if (hasRoom(bufferBytes)) {
      made += 1
      return Buffer.allocUnsafeSlow(bufferBytes)
    }
    const [offered] = offers.values()
    return offered?.()
  }

  function giveBack(buffer: Buffer): void {
    const next = waiting.shift()
    if (next) next(buffer)
    else free.push(buffer)
    freeLater()
  }

  function freeLater(): void {
    clearTimeout(idle)
    if (free.length > 0) idle = setTimeout(freeAll, IDLE_MILLISECONDS).unref()
  }

  /** Frees the memory at once: V8 frees nothing while it is idle. */
  function freeAll(): void {
    while (free.length > 0) freeOne()
  }

  function freeOne(): void {
    const buffer = free.pop()
    if (!buffer) return
    if (buffer.buffer instanceof ArrayBuffer) buffer.buffer.transfer(0)
    made -= 1
  }

  function lend(buffer: Buffer, onRelease = () => {}): PooledBlock {
    let held = true
    const letGo = () => {
      held = false
      offers.delete(block)
      onRelease()
      return buffer
    }
    const block: PooledBlock = {
      buffer,
      offer(onTaken) {
        const take = () => {
          onTaken()
          return letGo()
        }
        if (waiting.length > 0) giveBack(take())
        else offers.set(block, take)
      },
      withdraw() {
        offers.delete(block)
        return held
      },
      release() {
        if (held) giveBack(letGo())
      },
    }
    return block
  }

  return {
    async take() {
      return lend(find() ?? (await new Promise<Buffer>((resolve) => waiting.push(resolve))))
    },
    wanted: () => waiting.length > 0,
    takeAhead() {
      const buffer = ahead < most / 4 && waiting.length === 0 ? find() : undefined
      if (!buffer) return undefined
      ahead += 1
      return lend(buffer, () => {
        ahead -= 1
      })
    },
    takeBytes(bytes) {
      if (bytesTaken + bytes > (most * bufferBytes) / 4) return undefined
      if (!hasRoom(bytes)) freeOne()
      if (!hasRoom(bytes)) return undefined
      bytesTaken += bytes
      return () => {
        bytesTaken -= bytes
      }
    },
  }
}
