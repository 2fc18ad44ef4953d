import { bodyIncomplete, formInvalid, formTooLarge } from '../../errors/requests.ts'
import { type PartHeaders, parsePartHeaders } from '../fields/partHeaders.ts'

/** One part of a form (RFC 7578). Its bytes are exactly those between the delimiters and are read once, in order. */
export interface Part extends PartHeaders {
  readonly bytes: AsyncIterable<Buffer>
}

const MAX_PREAMBLE_BYTES = 64 * 1024
const MAX_HEADER_BYTES = 16 * 1024
const MAX_PARTS = 20

const CR = 13
const LINE_END = Buffer.from('\r\n')
const END_MARK = Buffer.from('--')
const HEADERS_END = Buffer.from('\r\n\r\n')

/**
 * The parts of a multipart body (RFC 2046, 5.1), pulled one after the other: nothing is read ahead of whoever consumes
 * them, and memory does not grow with the body. What is left of a part's bytes is skipped. Throws `form-invalid`,
 * `form-too-large`, `body-incomplete`, or whatever `source` throws.
 */
export async function* parseMultipart(
  source: AsyncIterable<Buffer>,
  boundary: string,
): AsyncGenerator<Part, void, void> {
  const input = createInput(source)
  try {
    const delimiter = Buffer.from(`\r\n--${boundary}`)
    const opening = delimiter.subarray(LINE_END.length)
    if (await input.startsWith(opening)) await input.take(opening.length)
    else
      await skip(input.until(delimiter), MAX_PREAMBLE_BYTES, 'What stands before the first part is too long.')

    for (let count = 1; await hasNextPart(input); count++) {
      if (count > MAX_PARTS) throw formTooLarge(`A form may have at most ${MAX_PARTS} parts.`)
      const headers = parsePartHeaders(await readHeaders(input))
      // Some readers take this for the end of an empty part; whoever wants to be understood by all does not send it.
      if (await input.startsWith(opening))
        throw formInvalid('The bytes of a part begin with the delimiter of the form.')
      const bytes = input.until(delimiter)
      yield { ...headers, bytes: { [Symbol.asyncIterator]: () => keepOpen(bytes) } }
      await skip(bytes, Number.POSITIVE_INFINITY, '')
    }
    // An epilogue means nothing and is read only so that the connection can go on.
    await skip(input.rest(), MAX_PREAMBLE_BYTES, 'What stands behind the last part is too long.')
  } finally {
    await input.close()
  }
}

/** After a delimiter: `--` ends the form, a line end begins a part; blanks in between are padding. */
async function hasNextPart(input: Input): Promise<boolean> {
  const two = await input.take(END_MARK.length)
  if (two.equals(END_MARK)) return false
  input.stepBack(END_MARK.length)
  const padding = await input.collect(LINE_END, 64)
  if (/[^ \t]/.test(padding.toString('latin1'))) throw formInvalid('A delimiter of the form is malformed.')
  return true
}

/** The lines in front of a part's bytes; none at all leaves only the line end. */
async function readHeaders(input: Input): Promise<Buffer> {
  input.stepBack(LINE_END.length)
  const lines = await input.collect(HEADERS_END, MAX_HEADER_BYTES)
  return lines.subarray(LINE_END.length)
}

async function skip(bytes: AsyncIterable<Buffer>, atMost: number, complaint: string): Promise<void> {
  let skipped = 0
  for await (const chunk of bytes) {
    skipped += chunk.length
    if (skipped > atMost) throw formInvalid(complaint)
  }
}

/** A view of a generator whose reader may stop early without closing it. */
const keepOpen = (bytes: AsyncGenerator<Buffer>): AsyncIterator<Buffer> => ({ next: () => bytes.next() })

type Input = ReturnType<typeof createInput>

/** Bytes of a stream with the means to look for a delimiter across the borders of its chunks. */
function createInput(source: AsyncIterable<Buffer>) {
  const chunks = source[Symbol.asyncIterator]()
  let buffered: Buffer = Buffer.alloc(0)
  /** How many of the buffered bytes were taken. */
  let taken = 0

  async function join() {
    const { value, done } = await chunks.next()
    if (done) throw bodyIncomplete('The form ends before its closing delimiter.')
    buffered = taken === buffered.length ? value : Buffer.concat([buffered.subarray(taken), value])
    taken = 0
  }
  const left = () => buffered.length - taken
  const takeUpTo = (end: number) => {
    const bytes = buffered.subarray(taken, end)
    taken = end
    return bytes
  }

  /** Yields what stands before the delimiter and takes the delimiter away. */
  async function* until(delimiter: Buffer): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const found = buffered.indexOf(delimiter, taken)
      const sure = takeUpTo(found >= 0 ? found : buffered.length - partialMatch(buffered, taken, delimiter))
      if (found >= 0) taken += delimiter.length
      if (sure.length > 0) yield sure
      if (found >= 0) return
      await join()
    }
  }

  async function collect(delimiter: Buffer, atMost: number): Promise<Buffer> {
    for (;;) {
      const found = buffered.indexOf(delimiter, taken)
      if (found - taken > atMost || (found < 0 && left() > atMost))
        throw formInvalid('The headers of a part are too long.')
      if (found >= 0) {
        const before = takeUpTo(found)
        taken += delimiter.length
        return before
      }
      await join()
    }
  }

  /** Looks at the next bytes and leaves them where they are. */
  async function startsWith(bytes: Buffer): Promise<boolean> {
    for (;;) {
      const next = buffered.subarray(taken, taken + bytes.length)
      if (!next.equals(bytes.subarray(0, next.length))) return false
      if (next.length === bytes.length) return true
      await join()
    }
  }

  async function take(count: number): Promise<Buffer> {
    while (left() < count) await join()
    return takeUpTo(taken + count)
  }

  async function* rest(): AsyncGenerator<Buffer, void, void> {
    yield takeUpTo(buffered.length)
    for (;;) {
      const { value, done } = await chunks.next()
      if (done) return
      yield value
    }
  }

  return {
    until,
    collect,
    startsWith,
    take,
    /** Gives back the last bytes that `take` or `collect` took. */
    stepBack(count: number) {
      taken -= count
    },
    rest,
    close: async () => void (await chunks.return?.()),
  }
}

/**
 * How many bytes at the end, from `start` on, could be the beginning of the delimiter, which begins with the only CR it
 * has.
 */
function partialMatch(bytes: Buffer, start: number, delimiter: Buffer): number {
  const at = bytes.lastIndexOf(CR)
  const length = bytes.length - at
  if (at < start || length >= delimiter.length) return 0
  return bytes.compare(delimiter, 0, length, at) === 0 ? length : 0
}
