export interface Disposition {
  readonly type: string
  /** As a client that follows RFC 6266 saves it: `filename*` wins over `filename`. */
  readonly filename: string | undefined
  /** The name that a client without support for `filename*` uses. */
  readonly fallback: string | undefined
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const PARAMETER = new RegExp(
  `; *(${TOKEN}) *= *(?:(${TOKEN})|"((?:[^"\\\\\\x00-\\x1f\\x7f]|\\\\[\\x20-\\x7e])*)")`,
  'y',
)

/** Reads Content-Disposition by the letter of RFC 6266 and RFC 8187; anything beyond their grammar is an Error. */
export function parseDisposition(header: string): Disposition {
  const type = new RegExp(`^${TOKEN}`).exec(header)?.[0]
  if (type === undefined) throw new Error(`No disposition: ${header}`)
  const parameters = new Map<string, string>()
  let position = type.length
  while (position < header.length) {
    PARAMETER.lastIndex = position
    const match = PARAMETER.exec(header)
    if (!match) throw new Error(`Not a parameter at ${position}: ${header}`)
    const [whole, name = '', token, quoted = ''] = match
    if (parameters.has(name.toLowerCase())) throw new Error(`${name} twice: ${header}`)
    parameters.set(name.toLowerCase(), token ?? quoted.replace(/\\(.)/g, '$1'))
    position += whole.length
  }
  for (const name of parameters.keys())
    if (name !== 'filename' && name !== 'filename*') throw new Error(`${name} is no name: ${header}`)
  const extended = parameters.get('filename*')
  const fallback = parameters.get('filename')
  return { type, fallback, filename: extended === undefined ? fallback : decodeExtended(extended) }
}

function decodeExtended(value: string): string {
  const encoded = /^UTF-8''((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})*)$/i.exec(value)?.[1]
  if (encoded === undefined) throw new Error(`Not an ext-value: ${value}`)
  const bytes = encoded.replace(/%(..)/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)))
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'))
}
