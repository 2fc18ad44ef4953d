import { formInvalid } from '../../errors/requests.ts'
import { decodeText } from './decodeText.ts'
import { parseDisposition } from './disposition.ts'

/** The headers of a form's part, parsed. */
export interface PartHeaders {
  readonly name: string
  /** Undefined when the part is text. */
  readonly filename: string | undefined
  readonly contentType: string | undefined
}

const MAX_HEADERS = 32

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/**
 * Parses the header lines of a part (RFC 7578, 4.2). Throws `form-invalid` for a malformed line, for a missing or repeated
 * name, and for a file name that cannot be decoded.
 */
export function parsePartHeaders(lines: Buffer): PartHeaders {
  const text = lines.toString('latin1')
  const headers = new Map<string, string>()
  for (const bytes of text === '' ? [] : text.split('\r\n')) {
    const line = decodeText(Buffer.from(bytes, 'latin1'))
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    if (!NAME.test(name) || /[\r\n]/.test(line)) throw formInvalid('A header of a part is malformed.')
    if (headers.has(name.toLowerCase())) throw formInvalid(`A part has the header ${name} twice.`)
    if (headers.size >= MAX_HEADERS) throw formInvalid(`A part may have at most ${MAX_HEADERS} headers.`)
    headers.set(name.toLowerCase(), line.slice(colon + 1).trim())
  }
  const refuse = (predicate: string) => formInvalid(`The Content-Disposition of a part ${predicate}.`)
  const { type, name, filename } = parseDisposition(headers.get('content-disposition') ?? '', refuse)
  if (type !== 'form-data') throw formInvalid('A part must have a header "Content-Disposition: form-data".')
  if (name === undefined || name === '') throw refuse('has no name')
  return { name, filename, contentType: headers.get('content-type') }
}
