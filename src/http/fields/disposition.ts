import { decodeExtended } from 'content-disposition'

/** A Content-Disposition that a client sent (RFC 6266), with a part of a form (RFC 7578) or with a raw body. */
export interface SentDisposition {
  /** In lower case; empty when the header has none. */
  readonly type: string
  readonly name: string | undefined
  readonly filename: string | undefined
}

const TYPE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]*)[ \t]*(?=;|$)/
/**
 * A parameter up to the next semicolon: nothing, a name, or a name and its value. A quoted value takes the first form that fits:
 * 1. `\"` and `\\` are escapes; any other backslash is itself.
 * 2. No escapes, when no quote follows: browsers send a value that ends with a backslash so.
 * 3. Quotes inside that the client did not escape, without a semicolon: no other parser sees a parameter in it.
 * Within a form no character may match in two ways, else the time would double with each backslash.
 */
const PARAMETER =
  /;[ \t;]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:=(?:[ \t]*"(?:((?:\\["\\]|\\(?!["\\])|[^"\\])*)|([^"]*(?="[^"]*$))|([^;]*[^;\\]))"[ \t]*|([^;"]*)))?)?(?=;|$)/y

/**
 * Parses a Content-Disposition. `filename` is the first of `filename*` and `filename` that names a file. Blanks, semicolons too
 * many and a missing type do no harm. Throws the error that `refuse` makes of a predicate, for a malformed header, for a repeated
 * parameter, and for a `filename*` that cannot be decoded when no `filename` names the file.
 */
export function parseDisposition(header: string, refuse: (predicate: string) => Error): SentDisposition {
  const type = TYPE.exec(header)
  const text = type ? header : `;${header}`
  const parameters = new Map<string, string>()
  PARAMETER.lastIndex = type?.[0].length ?? 0
  while (PARAMETER.lastIndex < text.length) {
    const match = PARAMETER.exec(text)
    if (!match) throw refuse('is malformed')
    const [, name, escaped, unescaped, inner, bare] = match
    const quoted = escaped ?? unescaped ?? inner
    const value = quoted === undefined ? bare?.trim() : decodeQuoted(quoted)
    if (name === undefined || value === undefined) continue
    const key = name.toLowerCase()
    if (parameters.has(key)) throw refuse(`has the parameter ${key} twice`)
    parameters.set(key, value)
  }
  const filename = filenameOf(parameters.get('filename*'), parameters.get('filename'), refuse)
  if (filename === undefined && [...parameters.keys()].some((key) => /^filename\*\d/.test(key)))
    throw refuse('has its filename in pieces (RFC 2231): send it as one filename* (RFC 8187)')
  return { type: type?.[1]?.toLowerCase() ?? '', name: parameters.get('name'), filename }
}

function filenameOf(
  extended: string | undefined,
  plain: string | undefined,
  refuse: (predicate: string) => Error,
): string | undefined {
  if (extended === undefined) return plain
  const decoded = decodeExtended(extended)
  if (decoded !== undefined && decoded !== '') return decoded
  if (plain !== undefined && plain !== '') return plain
  if (decoded === undefined) throw refuse('has a malformed filename* (RFC 8187)')
  return decoded
}

/** Decodes escapes, and the three characters that browsers escape (WHATWG HTML, multipart/form-data encoding algorithm). */
const decodeQuoted = (text: string) =>
  text
    .replace(/\\(["\\])/g, '$1')
    .replace(/%(22|0d|0a)/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
