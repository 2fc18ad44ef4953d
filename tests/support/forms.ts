import fc from 'fast-check'
import type { Part } from '../../src/http/receive/multipart.ts'
import { anyText } from './property.ts'

export interface FormPart {
  readonly name: string
  /** Undefined when the part is no file. */
  readonly filename: string | undefined
  readonly bytes: Buffer
}

export interface Form {
  readonly parts: readonly FormPart[]
  readonly preamble: string
  readonly epilogue: string
}

/** Has a beginning that comes again, so that a delimiter can begin within the beginning of another. */
export const boundary = '--a--ab'

const delimiter = `\r\n--${boundary}`

/** Random bytes with pieces of the delimiter, but without a whole delimiter. */
const partBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.nat(delimiter.length - 1).map((length) => Buffer.from(delimiter.slice(0, length))),
      fc
        .constantFrom('\r', '\n', '\r\n', '\r\r\n', '-', `--${boundary}`, `\n--${boundary}--`)
        .map((text) => Buffer.from(text)),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => Buffer.concat(pieces))
  .filter((bytes) => !bytes.includes(delimiter) && bytes.indexOf(`--${boundary}`) !== 0)

const text = anyText({ maxLength: 12 }).filter((name) => !/%|[\ud800-\udfff]/.test(name))

export const forms: fc.Arbitrary<Form> = fc.record({
  parts: fc.array(
    fc.record({
      name: text.filter((name) => name !== ''),
      filename: fc.option(text, { nil: undefined }),
      bytes: partBytes,
    }),
    { maxLength: 5 },
  ),
  preamble: fc.constantFrom('', '', '\r\n', 'a preamble\r\n', `--${boundary.slice(0, -1)}\r\n`),
  epilogue: fc.constantFrom('', '\r\n', '\r\nan epilogue', `${delimiter}${delimiter}--`),
})

/** A form as it goes over the wire. */
export function encodeForm({ parts, preamble, epilogue }: Form): Buffer {
  const pieces = parts.flatMap(({ name, filename, bytes }) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${escapeText(name)}"`),
    Buffer.from(filename === undefined ? '' : `; filename="${escapeText(filename)}"`),
    Buffer.from('\r\n\r\n'),
    bytes,
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([Buffer.from(preamble), ...pieces, Buffer.from(`--${boundary}--${epilogue}`)])
}

const escapeText = (name: string) =>
  name.replace(/["\\]/g, '\\$&').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

/** Bytes that come in chunks of these sizes, over and over; tells how many were taken, and whether it was closed. */
export function inChunks(bytes: Buffer, sizes: readonly number[]) {
  let taken = 0
  let closed = false
  async function* chunks() {
    try {
      for (let at = 0; at < bytes.length; ) {
        const size = sizes[taken++ % sizes.length] ?? 1
        yield bytes.subarray(at, at + size)
        at += size
      }
    } finally {
      closed = true
    }
  }
  return { chunks: chunks(), taken: () => taken, closed: () => closed }
}

/** Every part with all of its bytes. */
export async function parseAll(parser: AsyncIterable<Part>): Promise<FormPart[]> {
  const parts: FormPart[] = []
  for await (const { name, filename, bytes } of parser) {
    const chunks: Buffer[] = []
    for await (const chunk of bytes) chunks.push(chunk)
    parts.push({ name, filename, bytes: Buffer.concat(chunks) })
  }
  return parts
}
