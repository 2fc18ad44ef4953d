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
const LF = 10
const LINE_END = Buffer.from('\r\n')
const END_MARK = Buffer.from('--')
const HEADERS_END = Buffer.from('\r\n\r\n')

/**
 * Parses the parts of a multipart body (RFC 2046, 5.1), one after the other. `source` is read only as far as the consumer
 * reads, so memory does not grow with the body. Bytes of a part that the consumer leaves unread are skipped. Throws
 * `form-invalid`, `form-too-large`, `body-incomplete`, and the errors of `source`.
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
    else await skip(input.until(delimiter), MAX_PREAMBLE_BYTES, 'before the first part')

    for (let count = 1; await hasNextPart(input); count++) {
      if (count > MAX_PARTS) throw formTooLarge(`A form may have at most ${MAX_PARTS} parts.`)
      const headers = parsePartHeaders(await readHeaders(input))
      // Some parsers take this delimiter for the end of an empty part, and would see other parts than this parser.
      if (await input.startsWith(opening))
        throw formInvalid('The bytes of a part begin with the delimiter of the form.')
      const bytes = input.until(delimiter)
      yield { ...headers, bytes: { [Symbol.asyncIterator]: () => keepOpen(bytes) } }
      await skip(bytes, Number.POSITIVE_INFINITY, 'of a part')
    }
    // An epilogue has no meaning. It is read so that the connection can be used for the next request.
    await skip(input.rest(), MAX_PREAMBLE_BYTES, 'behind the last part')
  } finally {
    await input.close()
  }
}

/** Whether a part follows a delimiter: `--` ends the form, a line end begins a part. Blanks before the line end are padding. */
async function hasNextPart(input: Input): Promise<boolean> {
  const mark = await input.take(END_MARK.length)
  if (mark.equals(END_MARK)) return false
  input.stepBack(END_MARK.length)
  if (mark[0] === LF) throw formInvalid('The lines of the form end with LF alone: they must end with CR LF.')
  const padding = await input.collect(LINE_END, 64)
  if (/[^ \t]/.test(padding.toString('latin1'))) throw formInvalid('A delimiter of the form is malformed.')
  return true
}

/**
 * The header lines of a part. The search for their end begins with the line end of the delimiter: a part may have no
 * headers.
 */
async function readHeaders(input: Input): Promise<Buffer> {
  input.stepBack(LINE_END.length)
  const lines = await input.collect(HEADERS_END, MAX_HEADER_BYTES)
  return lines.subarray(LINE_END.length)
}

async function skip(bytes: AsyncIterable<Buffer>, atMost: number, place: string): Promise<void> {
  let skipped = 0
  for await (const chunk of bytes) {
    skipped += chunk.length
    if (skipped > atMost) throw formInvalid(`The text ${place} may have at most ${atMost} bytes.`)
  }
}

/** An iterator over a generator. Stopping the iterator early does not close the generator. */
const keepOpen = (bytes: AsyncGenerator<Buffer>): AsyncIterator<Buffer> => ({ next: () => bytes.next() })

type Input = ReturnType<typeof createInput>

/** Reads a stream, and finds delimiters that lie across the borders of its chunks. */
function createInput(source: AsyncIterable<Buffer>) {
  const chunks = source[Symbol.asyncIterator]()
  let buffered: Buffer = Buffer.alloc(0)
  /** The number of buffered bytes that were taken. */
  let taken = 0

  async function readMore() {
    const { value, done } = await chunks.next()
    if (done) throw bodyIncomplete('The form ends before its closing delimiter.')
    buffered = taken === buffered.length ? value : Buffer.concat([buffered.subarray(taken), value])
    taken = 0
  }
  const available = () => buffered.length - taken
  const takeUpTo = (end: number) => {
    const bytes = buffered.subarray(taken, end)
    taken = end
    return bytes
  }

  /** Takes the next delimiter, and yields the bytes before it. */
  async function* until(delimiter: Buffer): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const found = buffered.indexOf(delimiter, taken)
      const bytes = takeUpTo(found >= 0 ? found : buffered.length - partialMatch(buffered, taken, delimiter))
      if (found >= 0) taken += delimiter.length
      if (bytes.length > 0) yield bytes
      if (found >= 0) return
      await readMore()
    }
  }

  /** Takes the next delimiter, and returns the bytes before it. Throws `form-invalid` when there are more than `atMost`. */
  async function collect(delimiter: Buffer, atMost: number): Promise<Buffer> {
    for (;;) {
      const found = buffered.indexOf(delimiter, taken)
      if (found - taken > atMost || (found < 0 && available() > atMost))
        throw formInvalid('The headers of a part are too long.')
      if (found >= 0) {
        const before = takeUpTo(found)
        taken += delimiter.length
        return before
      }
      await readMore()
    }
  }

  /** Whether the next bytes are these. Takes none of them. */
  async function startsWith(bytes: Buffer): Promise<boolean> {
    for (;;) {
      const next = buffered.subarray(taken, taken + bytes.length)
      if (!next.equals(bytes.subarray(0, next.length))) return false
      if (next.length === bytes.length) return true
      await readMore()
    }
  }

  async function take(count: number): Promise<Buffer> {
    while (available() < count) await readMore()
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
 * The number of bytes at the end of `bytes`, from `start` on, that may be the beginning of the delimiter. The first byte of
 * the delimiter is its only CR.
 */
function partialMatch(bytes: Buffer, start: number, delimiter: Buffer): number {
  const at = bytes.lastIndexOf(CR)
  const length = bytes.length - at
  if (at < start || length >= delimiter.length) return 0
  return bytes.compare(delimiter, 0, length, at) === 0 ? length : 0
}
