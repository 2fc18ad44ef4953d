/** Requests that no honest client sends, as they go over the wire, and the status each gets. */
export interface OddRequest {
  readonly name: string
  readonly text: string
  readonly status: number
}

const put = (headers: string, body = 'hello') =>
  `PUT /service/fileupload HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`
const get = (headers: string) => `GET /livez HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`
const chunked = (body: string) => put('Transfer-Encoding: chunked', body)

/** How long the body is, said twice, wrongly or in a way that two readers understand differently. */
const lengths: readonly (readonly [string, string])[] = [
  ['a length and chunks', put('Content-Length: 5\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n')],
  ['chunks and a length', put('Transfer-Encoding: chunked\r\nContent-Length: 5', '5\r\nhello\r\n0\r\n\r\n')],
  [
    'chunks and the length 0',
    put('Transfer-Encoding: chunked\r\nContent-Length: 0', '5\r\nhello\r\n0\r\n\r\n'),
  ],
  ['two lengths', put('Content-Length: 5\r\nContent-Length: 6')],
  ['the same length twice', put('Content-Length: 5\r\nContent-Length: 5')],
  ['a list of lengths', put('Content-Length: 5, 5')],
  ['a length with a plus', put('Content-Length: +5')],
  ['a length below zero', put('Content-Length: -1')],
  ['a length in hex', put('Content-Length: 0x5')],
  ['a length with a fraction', put('Content-Length: 5.0')],
  ['a length with an exponent', put('Content-Length: 5e0')],
  ['a length with a blank in it', put('Content-Length: 5 5')],
  ['a length in quotes', put('Content-Length: "5"')],
  ['an empty length', put('Content-Length:')],
  ['a length of 2^64', put('Content-Length: 18446744073709551616')],
  ['a length of 10^30', put(`Content-Length: 1${'0'.repeat(30)}`)],
  ['an unknown transfer coding', put('Transfer-Encoding: xchunked', '5\r\nhello\r\n0\r\n\r\n')],
  ['chunked and then identity', put('Transfer-Encoding: chunked, identity', '5\r\nhello\r\n0\r\n\r\n')],
  ['the coding identity', put('Transfer-Encoding: identity\r\nContent-Length: 5')],
  ['the coding gzip', put('Transfer-Encoding: gzip\r\nContent-Length: 5')],
  [
    'chunked twice',
    put('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'),
  ],
  ['a list of chunked', put('Transfer-Encoding: chunked, chunked', '5\r\nhello\r\n0\r\n\r\n')],
  ['chunked with a parameter', put('Transfer-Encoding: chunked;q=1', '5\r\nhello\r\n0\r\n\r\n')],
  ['chunked in quotes', put('Transfer-Encoding: "chunked"', '5\r\nhello\r\n0\r\n\r\n')],
  ['chunked behind a vertical tab', put('Transfer-Encoding: \x0bchunked', '5\r\nhello\r\n0\r\n\r\n')],
  ['an empty transfer coding', put('Transfer-Encoding:\r\nContent-Length: 5')],
  [
    'chunks of HTTP/1.0',
    'PUT /service/fileupload HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  ],
]

/** Chunks that are not. */
const chunks: readonly (readonly [string, string])[] = [
  ['a chunk size that overflows', chunked('10000000000000005\r\nhello\r\n0\r\n\r\n')],
  ['a chunk size below zero', chunked('-5\r\nhello\r\n0\r\n\r\n')],
  ['a chunk size with a plus', chunked('+5\r\nhello\r\n0\r\n\r\n')],
  ['a chunk size with 0x', chunked('0x5\r\nhello\r\n0\r\n\r\n')],
  ['a chunk size that is no number', chunked('five\r\nhello\r\n0\r\n\r\n')],
  ['an empty chunk size', chunked('\r\nhello\r\n0\r\n\r\n')],
  ['a chunk size before a bare LF', chunked('5\nhello\r\n0\r\n\r\n')],
  ['a chunk size before a bare CR', chunked('5\rhello\r\n0\r\n\r\n')],
  ['a chunk longer than its size', chunked('4\r\nhello\r\n0\r\n\r\n')],
  ['a chunk that a bare LF ends', chunked('5\r\nhello\n0\r\n\r\n')],
  ['a chunk that nothing ends', chunked('5\r\nhello0\r\n\r\n')],
  ['a chunk extension with a bare LF', chunked('5;a\nhello\r\n0\r\n\r\n')],
  ['a trailer without a colon', chunked('5\r\nhello\r\n0\r\ntrailer\r\n\r\n')],
]

/** Headers and request lines that two readers understand differently. */
const lines: readonly (readonly [string, string])[] = [
  ['a header before a bare LF', 'GET /livez HTTP/1.1\r\nHost: x\nA: b\r\n\r\n'],
  ['a request line before a bare LF', 'GET /livez HTTP/1.1\nHost: x\r\n\r\n'],
  ['a bare LF in a header', get('A: b\nTransfer-Encoding: chunked')],
  ['a bare CR in a header', get('A: b\rTransfer-Encoding: chunked')],
  ['a blank before the colon', put('Content-Length : 5')],
  ['a tab before the colon', put('Content-Length\t: 5')],
  ['a folded header', get('A: b\r\n c')],
  ['a blank before the first header', 'GET /livez HTTP/1.1\r\n Host: x\r\n\r\n'],
  ['a NUL in a header', get('A: b\0c')],
  ["a NUL in a header's name", get('A\0: b')],
  ['a control in a header', get('A: b\x01c')],
  ['a header without a name', get(': b')],
  ['a header without a colon', get('A')],
  ['no Host', 'GET /livez HTTP/1.1\r\n\r\n'],
  ['no Host for an upload', 'PUT /service/fileupload HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello'],
  ['two Hosts', get('Host: evil')],
  ['the same Host twice', get('host: x')],
  ['the target of a proxy', 'GET http://evil/livez HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['the target of a proxy, with a password', 'GET http://a@x/livez HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['the target of a proxy, another port', 'GET http://x:81/livez HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a target without a slash', 'GET livez HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a target with a port', 'GET evil:80 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a blank in the target', 'GET /li vez HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a NUL in the target', 'GET /li\0vez HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a version in lower case', 'GET /livez http/1.1\r\nHost: x\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
]

/** Versions that this service does not speak. */
const versions: readonly (readonly [string, string])[] = [
  ['no version', 'GET /livez\r\nHost: x\r\n\r\n'],
  ['a version to come', 'GET /livez HTTP/3.0\r\nHost: x\r\n\r\n'],
  ['a version that never was', 'GET /livez HTTP/2.0\r\nHost: x\r\n\r\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
]

/** Too long. */
const long: readonly (readonly [string, string, number])[] = [
  ['a chunk extension of 20 KB', chunked(`5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`), 413],
  ['a header of 17 KB', get(`A: ${'b'.repeat(17_000)}`), 431],
  ["a header's name of 17 KB", get(`${'A'.repeat(17_000)}: b`), 431],
  ['3,000 headers', get(Array.from({ length: 3000 }, (_, index) => `A${index}: b`).join('\r\n')), 431],
  ['a target of 20 KB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
  ['trailers of 20 KB', chunked(`5\r\nhello\r\n0\r\nA: ${'b'.repeat(20_000)}\r\n\r\n`), 431],
]

/** Methods that no resource has. */
const methods: readonly (readonly [string, string])[] = [
  ['an unknown method', 'FOO /livez HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a method in lower case', 'get /livez HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a tunnel', 'CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n'],
]

const cut: readonly (readonly [string, string])[] = [
  ['half a request line', 'GET /liv'],
  ['headers without their end', 'GET /livez HTTP/1.1\r\nHost: x\r\n'],
  ['half a body', put('Content-Length: 100')],
  ['half a chunk', chunked('5\r\nhe')],
]

export const oddRequests: readonly OddRequest[] = [
  ...[...lengths, ...chunks, ...lines].map(([name, text]) => ({ name, text, status: 400 })),
  ...methods.map(([name, text]) => ({ name, text, status: 405 })),
  ...versions.map(([name, text]) => ({ name, text, status: 505 })),
  {
    name: 'gzip in chunks',
    text: put('Transfer-Encoding: gzip, chunked', '5\r\nhello\r\n0\r\n\r\n'),
    status: 501,
  },
  ...long.map(([name, text, status]) => ({ name, text, status })),
]

/** Requests whose client says that no more bytes come before they are complete. */
export const cutRequests: readonly OddRequest[] = cut.map(([name, text]) => ({ name, text, status: 400 }))
