import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Somebody who takes buffers from a connection, one after the other, and soon needs them no more. */
export interface BufferReader {
  /** Told of every buffer that came. */
  count(bytes: number): void
  end(): void
}

/** How many bytes come before the buffers that nobody needs any more are looked for: a bare quarter of what V8 bears. */
const LEAST_BYTES = 4 * 2 ** 20

/** What is still needed of one reader's; whatever is looked at twice counts as old, and only V8 frees it. */
const NEEDED_BYTES = 2 ** 20

/** With more readers most buffers are still needed when they are looked for, and all that was looked through in vain. */
const MOST_READERS = 8

const collect = findCollector()
let readers = 0
let bytesSince = 0

/**
 * Begins to free the buffers of a reader while they are young. They are outside of V8's heap: it marks all of the heap to
 * find the dead among them whenever some 16 MiB have come together, which takes about as long as digesting them. Looking
 * through the young alone takes a hundredth of that.
 */
export function openBufferReader(): BufferReader {
  readers += 1
  let open = true
  return {
    count(bytes) {
      bytesSince += bytes
      if (bytesSince < Math.max(LEAST_BYTES, readers * NEEDED_BYTES)) return
      bytesSince = 0
      if (readers <= MOST_READERS) collect?.({ type: 'minor' })
    },
    end() {
      if (open) readers -= 1
      open = false
    },
  }
}

/** Only contexts that are made while the flag is set have the function. */
function findCollector(): NodeJS.GCFunction | undefined {
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc')
  } catch {
    return undefined
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
