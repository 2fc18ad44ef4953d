import { formInvalid, formTooLarge } from '../../errors/requests.ts'
import { type PartHeaders, parsePartHeaders } from '../fields/partHeaders.ts'
import { createInput, type Input, type Step } from './multipartInput.ts'

/** The next thing in a multipart body: a part begins, bytes of that part, or that part ends. */
export type Found = PartStart | Buffer | typeof PART_END

export interface PartStart extends PartHeaders {
  /** The number of bytes of the body before the first byte of the part. */
  readonly begin: number
}

export const PART_END = Symbol('the end of a part')

/** Yields undefined when it needs the next bytes of the body, which `next` gives it; undefined means that the body ended. */
export type Scan<Value> = Generator<Value | undefined, void, Buffer | undefined>

const MAX_PREAMBLE_BYTES = 64 * 1024
const MAX_HEADER_BYTES = 16 * 1024
const MAX_PARTS = 20

const LF = 10
const LINE_END = Buffer.from('\r\n')
const END_MARK = Buffer.from('--')
const HEADERS_END = Buffer.from('\r\n\r\n')

/**
 * Scans a multipart body (RFC 2046, 5.1) from its beginning to its end, however its bytes are cut into chunks. Throws
 * `form-invalid`, `form-too-large`, `body-incomplete`.
 */
export function* scanMultipart(boundary: string): Scan<Found> {
  const input = createInput()
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const opening = delimiter.subarray(LINE_END.length)
  if (yield* input.startsWith(opening)) yield* input.take(opening.length)
  else yield* skipPreamble(input, delimiter)

  for (let count = 1; yield* hasNextPart(input); count++) {
    if (count > MAX_PARTS) throw formTooLarge(`A form may have at most ${MAX_PARTS} parts.`)
    const headers = parsePartHeaders(yield* readHeaders(input))
    // Some parsers take this delimiter for the end of an empty part, and would see other parts than this parser.
    if (yield* input.startsWith(opening))
      throw formInvalid('The bytes of a part begin with the delimiter of the form.')
    yield { ...headers, begin: input.position() }
    for (let ended = false; !ended; ) {
      const piece = yield* input.takeBefore(delimiter)
      if (piece.bytes.length > 0) yield piece.bytes
      ended = piece.last
    }
    yield PART_END
  }
  yield* skipEpilogue(input)
}

function* skipPreamble(input: Input, delimiter: Buffer): Step<void> {
  for (let skipped = 0, ended = false; !ended; ) {
    const { bytes, last } = yield* input.takeBefore(delimiter)
    skipped = countSkipped(skipped + bytes.length, 'before the first part')
    ended = last
  }
}

/** An epilogue has no meaning. It is read so that the connection can be used for the next request. */
function* skipEpilogue(input: Input): Step<void> {
  let skipped = 0
  for (let bytes: Buffer | undefined = input.rest(); bytes; bytes = yield)
    skipped = countSkipped(skipped + bytes.length, 'behind the last part')
}

function countSkipped(skipped: number, place: string): number {
  if (skipped > MAX_PREAMBLE_BYTES)
    throw formInvalid(`The text ${place} may have at most ${MAX_PREAMBLE_BYTES} bytes.`)
  return skipped
}

/** Whether a part follows a delimiter: `--` ends the form, a line end begins a part. Blanks before the line end are padding. */
function* hasNextPart(input: Input): Step<boolean> {
  const mark = yield* input.take(END_MARK.length)
  if (mark.equals(END_MARK)) return false
  input.stepBack(END_MARK.length)
  if (mark[0] === LF) throw formInvalid('The lines of the form end with LF alone: they must end with CR LF.')
  const padding = yield* input.collect(LINE_END, 64)
  if (/[^ \t]/.test(padding.toString('latin1'))) throw formInvalid('A delimiter of the form is malformed.')
  return true
}

/**
 * The header lines of a part. The search for their end begins with the line end of the delimiter: a part may have no
 * headers.
 */
function* readHeaders(input: Input): Step<Buffer> {
  input.stepBack(LINE_END.length)
  const lines = yield* input.collect(HEADERS_END, MAX_HEADER_BYTES)
  return lines.subarray(LINE_END.length)
}
