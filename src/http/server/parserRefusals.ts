import { allMethods } from '../contract/methods.ts'

/** What a client is told about a request that Node's parser refused. */
export interface ParserRefusal {
  readonly status: number
  readonly detail: string
}

/** The error of Node's parser (llhttp). */
export interface ParserError extends NodeJS.ErrnoException {
  /** Why the parser refused, in a few words. */
  readonly reason?: string
  /** The bytes it was reading. */
  readonly rawPacket?: Buffer
}

/** Seconds in which the headers of a request must arrive. */
export const HEADERS_SECONDS = 15

const ADDRESS =
  'The address must begin with a slash and be percent-encoded UTF-8: %20 for a blank, %C3%BC for ü.'
const PROTOCOL = 'This service speaks HTTP/1.1 and HTTP/1.0; a proxy in front can speak others.'

/** By the code of the parser's error. */
const refusals: Readonly<Record<string, ParserRefusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    detail: 'The headers and the address may have at most 16 KiB together.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    detail: 'The extensions of the chunks of a body may have at most 16 KiB.',
  },
  HPE_INVALID_METHOD: { status: 405, detail: `The method must be one of ${allMethods}, in capitals.` },
  HPE_INVALID_URL: { status: 400, detail: ADDRESS },
  // A blank in the address, instead of "HTTP/1.1".
  HPE_INVALID_CONSTANT: { status: 400, detail: `${ADDRESS} HTTP/1.1 must follow, in capitals.` },
  HPE_PAUSED_H2_UPGRADE: { status: 505, detail: PROTOCOL },
  HPE_INVALID_EOF_STATE: { status: 400, detail: 'The connection ended before the request was complete.' },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    detail: `The headers must arrive within ${HEADERS_SECONDS} seconds.`,
  },
}

/** By the reason of the parser's error, where its code has several. */
const refusalsByReason: Readonly<Record<string, ParserRefusal>> = {
  'Invalid HTTP version': { status: 505, detail: PROTOCOL },
  'Unexpected whitespace after header value': {
    status: 400,
    detail: 'A header must be one line: RFC 9112, 5.2 ended folded headers.',
  },
  // 400, not 501: without a final `chunked` the end of the body is unknown (RFC 9112, 6.3).
  'Request has invalid `Transfer-Encoding`': {
    status: 400,
    detail: 'The only supported Transfer-Encoding is chunked, in HTTP/1.1.',
  },
}

const TLS_HANDSHAKE = 0x16

/** What to tell a client about an error of the parser. */
export function refusalOf({ code = '', reason = '', rawPacket }: ParserError): ParserRefusal {
  if (code === 'HPE_INVALID_METHOD' && rawPacket?.[0] === TLS_HANDSHAKE)
    return {
      status: 400,
      detail: 'This port speaks plain HTTP: use http://, or https:// of a proxy in front.',
    }
  const why = reason === '' ? '' : `: ${reason}`
  return refusalsByReason[reason] ?? refusals[code] ?? { status: 400, detail: `This is no HTTP/1.1${why}.` }
}
