/** Lines for one file or console that are written together. */
export interface LineQueue {
  /** Adds a line, which ends with a line feed. */
  add(line: string): void
  /** Writes the lines that wait. */
  flush(): void
}

const WAIT_MILLISECONDS = 100
const MOST_CHARACTERS = 65_536

/**
 * Creates a queue that writes its lines 100 ms after the first of them, or when they have 65,536 characters: a write for each
 * line costs more than the line. A process that is killed loses the lines of at most 100 ms.
 */
export function createLineQueue(write: (lines: string) => void): LineQueue {
  let waiting = ''
  let timer: NodeJS.Timeout | undefined

  function flush() {
    clearTimeout(timer)
    timer = undefined
    if (waiting === '') return
    const lines = waiting
    waiting = ''
    write(lines)
  }

  return {
    add(line) {
      waiting += line
      if (waiting.length >= MOST_CHARACTERS) return flush()
      timer ??= setTimeout(flush, WAIT_MILLISECONDS).unref()
    },
    flush,
  }
}
