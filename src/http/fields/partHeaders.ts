import { decodeExtended } from 'content-disposition'
import { formInvalid } from '../../errors/requests.ts'

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
 * A parameter of Content-Disposition: a token, or a string in quotes. In quotes only `\"` and `\\` are escapes, because
 * browsers escape no backslash, not even the last one. Within an alternative no character may match in two ways: the time
 * for a row of backslashes would double with each backslash.
 */
const PARAMETER =
  /;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:\\["\\]|\\(?!["\\])|[^"\\])*|[^"]*)"|([!#$%&'*+.^_`|~0-9A-Za-z:@/-]*))[ \t]*/y

/**
 * Parses the header lines of a part (RFC 7578, 4.2). Names are UTF-8. Throws `form-invalid` for a malformed line, for a
 * missing or repeated name, and for a file name that cannot be decoded. Nothing is guessed or dropped.
 */
export function parsePartHeaders(lines: Buffer): PartHeaders {
  const text = lines.toString('utf8')
  const headers = new Map<string, string>()
  for (const line of text === '' ? [] : text.split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    if (!NAME.test(name) || /[\r\n]/.test(line)) throw formInvalid('A header of a part is malformed.')
    if (headers.has(name.toLowerCase())) throw formInvalid(`A part has the header ${name} twice.`)
    if (headers.size >= MAX_HEADERS) throw formInvalid(`A part may have at most ${MAX_HEADERS} headers.`)
    headers.set(name.toLowerCase(), line.slice(colon + 1).trim())
  }
  const parameters = parseDisposition(headers.get('content-disposition'))
  const name = parameters.get('name')
  if (name === undefined || name === '') throw formInvalid('The Content-Disposition of a part has no name.')
  const extended = parameters.get('filename*')
  return {
    name: decodeWhatwg(name),
    filename:
      extended === undefined ? mapDefined(parameters.get('filename'), decodeWhatwg) : parseExtended(extended),
    contentType: headers.get('content-type'),
  }
}

function parseDisposition(header: string | undefined): Map<string, string> {
  const type = /^form-data[ \t]*/i.exec(header ?? '')
  if (header === undefined || !type)
    throw formInvalid('A part must have a header "Content-Disposition: form-data".')
  const parameters = new Map<string, string>()
  PARAMETER.lastIndex = type[0].length
  while (PARAMETER.lastIndex < header.length) {
    const match = PARAMETER.exec(header)
    if (!match) throw formInvalid('The Content-Disposition of a part is malformed.')
    const [, name = '', quoted, token] = match
    const key = name.toLowerCase()
    if (parameters.has(key))
      throw formInvalid(`The Content-Disposition of a part has the parameter ${key} twice.`)
    parameters.set(key, quoted === undefined ? (token ?? '') : quoted.replace(/\\(["\\])/g, '$1'))
  }
  return parameters
}

/** Decodes the three characters that browsers escape in a name (WHATWG HTML, multipart/form-data encoding algorithm). */
const decodeWhatwg = (text: string) =>
  text.replace(/%(22|0d|0a)/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))

/**
 * Decodes an extended value, such as `UTF-8''na%C3%AFve.txt` (RFC 8187). RFC 7578 forbids extended values in forms, but
 * some clients send them.
 */
function parseExtended(value: string): string {
  // A parameter in quotes may hold these characters; an extended value must not.
  const decoded = /[\s"\\]/.test(value) ? undefined : decodeExtended(value)
  if (decoded === undefined) throw formInvalid('The filename* of a part is malformed (RFC 8187).')
  return decoded
}

const mapDefined = <Value, Result>(value: Value | undefined, map: (value: Value) => Result) =>
  value === undefined ? undefined : map(value)
