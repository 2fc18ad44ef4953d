import { bodyIncomplete, formInvalid, formTooLarge } from '../errors.ts'
import { type PartHeaders, parsePartHeaders } from './partHeaders.ts'

/** One part of a form (RFC 7578). Its bytes are exactly those between the delimiters and are read once, in order. */
export interface Part extends PartHeaders {
  readonly bytes: AsyncIterable<Buffer>
}

const MAX_PREAMBLE_BYTES = 64 * 1024
const MAX_HEADER_BYTES = 16 * 1024
const MAX_PARTS = 20

const CR = 13
const LINE_END = Buffer.from('\r\n')
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
    input.unread(LINE_END) // the first delimiter may stand at the very beginning
    await skip(input.until(delimiter), MAX_PREAMBLE_BYTES, 'What stands before the first part is too long.')

    for (let count = 1; await hasNextPart(input); count++) {
      if (count > MAX_PARTS) throw formTooLarge(`A form may have at most ${MAX_PARTS} parts.`)
      const headers = parsePartHeaders(await readHeaders(input))
      // Some readers take this for the end of an empty part; whoever wants to be understood by all does not send it.
      if (await input.startsWith(delimiter.subarray(LINE_END.length)))
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
  const two = await input.take(2)
  if (two.equals(Buffer.from('--'))) return false
  input.unread(two)
  const padding = await input.collect(LINE_END, 64)
  if (/[^ \t]/.test(padding.toString('latin1'))) throw formInvalid('A delimiter of the form is malformed.')
  return true
}

/** The lines in front of a part's bytes; none at all leaves only the line end. */
async function readHeaders(input: Input): Promise<Buffer> {
  input.unread(LINE_END)
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

  async function pull(): Promise<Buffer> {
    const { value, done } = await chunks.next()
    if (done) throw bodyIncomplete('The form ends before its closing delimiter.')
    return value
  }
  const unread = (bytes: Buffer) => {
    buffered = buffered.length === 0 ? bytes : Buffer.concat([bytes, buffered])
  }
  const join = async () => {
    const chunk = await pull()
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
  }

  /** Yields what stands before the delimiter and takes the delimiter away. */
  async function* until(delimiter: Buffer): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const at = buffered.indexOf(delimiter)
      if (at >= 0) {
        const before = buffered.subarray(0, at)
        buffered = buffered.subarray(at + delimiter.length)
        if (before.length > 0) yield before
        return
      }
      const keep = partialMatch(buffered, delimiter)
      const sure = buffered.subarray(0, buffered.length - keep)
      buffered = buffered.subarray(buffered.length - keep)
      if (sure.length > 0) yield sure
      await join()
    }
  }

  async function collect(delimiter: Buffer, atMost: number): Promise<Buffer> {
    for (;;) {
      const at = buffered.indexOf(delimiter)
      if (at > atMost || (at < 0 && buffered.length > atMost))
        throw formInvalid('The headers of a part are too long.')
      if (at >= 0) {
        const before = buffered.subarray(0, at)
        buffered = buffered.subarray(at + delimiter.length)
        return before
      }
      await join()
    }
  }

  /** Looks at the next bytes and leaves them where they are. */
  async function startsWith(bytes: Buffer): Promise<boolean> {
    while (buffered.length < bytes.length && bytes.subarray(0, buffered.length).equals(buffered)) await join()
    return buffered.subarray(0, bytes.length).equals(bytes)
  }

  async function take(count: number): Promise<Buffer> {
    while (buffered.length < count) await join()
    const taken = buffered.subarray(0, count)
    buffered = buffered.subarray(count)
    return taken
  }

  async function* rest(): AsyncGenerator<Buffer, void, void> {
    yield buffered
    for (;;) {
      const { value, done } = await chunks.next()
      if (done) return
      yield value
    }
  }

  return { unread, until, collect, startsWith, take, rest, close: async () => void (await chunks.return?.()) }
}

/** How many bytes at the end could be the beginning of the delimiter, which begins with the only CR it has. */
function partialMatch(bytes: Buffer, delimiter: Buffer): number {
  const at = bytes.lastIndexOf(CR)
  const length = bytes.length - at
  if (at < 0 || length >= delimiter.length) return 0
  return bytes.compare(delimiter, 0, length, at) === 0 ? length : 0
}
