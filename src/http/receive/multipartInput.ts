import { bodyIncomplete, formInvalid } from '../../errors/requests.ts'

/** A step of a scan that has a result and finds nothing. */
export type Step<Result> = Generator<undefined, Result, Buffer | undefined>

const CR = 13

/** The bytes of the body that came and were not taken. */
export type Input = ReturnType<typeof createInput>

/** Makes the input of a scan. It finds delimiters that lie across the borders of chunks. */
export function createInput() {
  let buffered: Buffer = Buffer.alloc(0)
  /** The number of buffered bytes that were taken. */
  let taken = 0
  let received = 0

  function* readMore(): Step<void> {
    const bytes = yield
    if (!bytes) throw bodyIncomplete('The form ends before its closing delimiter.')
    received += bytes.length
    buffered = taken === buffered.length ? bytes : Buffer.concat([buffered.subarray(taken), bytes])
    taken = 0
  }
  const available = () => buffered.length - taken
  const takeUpTo = (end: number) => {
    const bytes = buffered.subarray(taken, end)
    taken = end
    return bytes
  }

  return {
    /** Takes the next bytes before the delimiter, and with the `last` of them the delimiter. */
    *takeBefore(delimiter: Buffer): Step<{ bytes: Buffer; last: boolean }> {
      if (available() === 0) yield* readMore()
      const found = buffered.indexOf(delimiter, taken)
      const last = found >= 0
      const bytes = takeUpTo(last ? found : buffered.length - partialMatch(buffered, taken, delimiter))
      if (last) taken += delimiter.length
      else if (bytes.length === 0) yield* readMore()
      return { bytes, last }
    },

    /** Takes the next delimiter, and returns the bytes before it. Throws `form-invalid` when there are more than `atMost`. */
    *collect(delimiter: Buffer, atMost: number): Step<Buffer> {
      for (;;) {
        const found = buffered.indexOf(delimiter, taken)
        if (found - taken > atMost || (found < 0 && available() > atMost))
          throw formInvalid('The headers of a part are too long.')
        if (found >= 0) {
          const before = takeUpTo(found)
          taken += delimiter.length
          return before
        }
        yield* readMore()
      }
    },

    /** Whether the next bytes are these. Takes none of them. */
    *startsWith(bytes: Buffer): Step<boolean> {
      for (;;) {
        const next = buffered.subarray(taken, taken + bytes.length)
        if (!next.equals(bytes.subarray(0, next.length))) return false
        if (next.length === bytes.length) return true
        yield* readMore()
      }
    },

    *take(count: number): Step<Buffer> {
      while (available() < count) yield* readMore()
      return takeUpTo(taken + count)
    },

    /** The number of bytes of the body that were taken. */
    position: () => received - available(),

    /** Takes all bytes that came. */
    rest: () => takeUpTo(buffered.length),

    /** Gives back the last bytes that `take` or `collect` took. */
    stepBack(count: number) {
      taken -= count
    },
  }
}

/**
 * The number of bytes at the end of `bytes`, from `start` on, that may be the beginning of the delimiter. The first byte of
 * the delimiter is its only CR.
 */
function partialMatch(bytes: Buffer, start: number, delimiter: Buffer): number {
  const at = bytes.lastIndexOf(CR)
  const length = bytes.length - at
  if (at < start || length >= delimiter.length) return 0
  return bytes.compare(delimiter, 0, length, at) === 0 ? length : 0
}
