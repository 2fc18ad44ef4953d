/** Bytes of shared memory, in a form that one thread sends to another. */
export interface SharedBytes {
  /** The number of the memory. */
  readonly memory: number
  /** The memory of that number, when its number is new. */
  readonly added: SharedArrayBuffer | undefined
  readonly from: number
  /** Behind the last byte. */
  readonly to: number
}

/** Whether bytes lie in shared memory, where all threads can use them. */
export const isShared = ({ buffer }: Buffer): boolean => buffer instanceof SharedArrayBuffer

/**
 * Names bytes for one other thread. The thread gets each memory once, and knows it by number from then on: V8 counts all of a
 * shared memory each time that it comes, and would soon collect.
 */
export function createSharedSender() {
  const numbers = new Map<ArrayBufferLike, number>()
  return {
    /** Whether the other thread holds memory. */
    holdsMemory: () => numbers.size > 0,
    /** Throws an Error when the bytes are not shared. */
    send({ buffer, byteOffset, length }: Buffer): SharedBytes {
      if (!(buffer instanceof SharedArrayBuffer)) throw new Error('The bytes are not shared.')
      const known = numbers.get(buffer)
      const memory = known ?? numbers.size
      numbers.set(buffer, memory)
      return {
        memory,
        added: known === undefined ? buffer : undefined,
        from: byteOffset,
        to: byteOffset + length,
      }
    },
  }
}

/** Finds the bytes that one `createSharedSender` has sent, in their order. */
export function createSharedReceiver() {
  const memories = new Map<number, SharedArrayBuffer>()
  return {
    receive({ memory, added, from, to }: SharedBytes): Buffer {
      const bytes = added ?? memories.get(memory)
      if (!bytes) throw new Error(`There is no memory ${memory}.`)
      memories.set(memory, bytes)
      return Buffer.from(bytes, from, to - from)
    },
  }
}
