/** Values that are read again when they are a second old. */
export interface FreshCache<Value> {
  /** The value of this name, whose reading began less than a second ago. Throws what the reading throws. */
  find(name: string): Promise<Value | undefined>
  /** Reads the value past what is kept, which stays as it is, in turn with the other readings. Throws as above. */
  read(name: string): Promise<Value | undefined>
  forget(name: string): void
}

const FRESH_MILLISECONDS = 1000

interface Entry<Value> {
  readonly value: Promise<Value | undefined>
  readonly freshUntil: number
}

/**
 * Keeps what `read` returns for a second, counted from when the reading began, and reads each name once at a time. A value that
 * is undefined is not kept: names that callers make up would push the others out. It keeps `most` values. Names without a value
 * are read `mostReads` at a time, and wait for their turn; a value that is kept, and old, is read at once.
 */
export function createFreshCache<Value>(
  read: (name: string) => Promise<Value | undefined>,
  { most, mostReads }: { readonly most: number; readonly mostReads: number },
): FreshCache<Value> {
  const entries = new Map<string, Entry<Value>>()
  const waiting: (() => void)[] = []
  let reading = 0

  async function readInTurn(name: string): Promise<Value | undefined> {
    if (reading >= mostReads) await new Promise<void>((resolve) => waiting.push(resolve))
    else reading += 1
    try {
      return await read(name)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else reading -= 1
    }
  }

  function begin(name: string, isKept: boolean): Promise<Value | undefined> {
    const value = isKept ? read(name) : readInTurn(name)
    const entry = { value, freshUntil: performance.now() + FRESH_MILLISECONDS }
    if (entries.size >= most) entries.delete(entries.keys().next().value ?? '')
    entries.set(name, entry)
    const drop = () => void (entries.get(name) === entry && entries.delete(name))
    entry.value.then((value) => value === undefined && drop(), drop)
    return entry.value
  }

  return {
    find(name) {
      const entry = entries.get(name)
      if (entry && performance.now() < entry.freshUntil) return entry.value
      return begin(name, entries.delete(name))
    },
    read: readInTurn,
    forget: (name) => void entries.delete(name),
  }
}
