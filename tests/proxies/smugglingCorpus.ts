import { filesPath } from '../support/client.ts'

const put = (headers: string, body: string, target = filesPath) =>
  `PUT ${target} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`
const get = (headers: string, body: string) => `GET /livez HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

/** Ways to say `chunked` so that one reader hears it and the other does not. */
const codings: readonly (readonly [string, string])[] = [
  ['plain', 'Transfer-Encoding: chunked'],
  ['in capitals', 'Transfer-Encoding: CHUNKED'],
  ['misspelt', 'Transfer-Encoding: xchunked'],
  ['behind a tab', 'Transfer-Encoding:\tchunked'],
  ['behind a vertical tab', 'Transfer-Encoding: \x0bchunked'],
  ['behind a form feed', 'Transfer-Encoding: \x0cchunked'],
  ['before a vertical tab', 'Transfer-Encoding: chunked\x0b'],
  ['before a NUL', 'Transfer-Encoding: chunked\0'],
  ['with a blank before the colon', 'Transfer-Encoding : chunked'],
  ['with a tab before the colon', 'Transfer-Encoding\t: chunked'],
  ['with a NUL before the colon', 'Transfer-Encoding\0: chunked'],
  ['with a blank before the name', ' Transfer-Encoding: chunked'],
  ['with an underscore', 'Transfer_Encoding: chunked'],
  ['folded', 'Transfer-Encoding:\r\n chunked'],
  ['folded into another header', 'A: b\r\n Transfer-Encoding: chunked'],
  ['after a bare LF', 'A: b\nTransfer-Encoding: chunked'],
  ['after a bare CR', 'A: b\rTransfer-Encoding: chunked'],
  ['in quotes', 'Transfer-Encoding: "chunked"'],
  ['with a parameter', 'Transfer-Encoding: chunked;a=b'],
  ['after a comma', 'Transfer-Encoding: , chunked'],
  ['before a comma', 'Transfer-Encoding: chunked,'],
  ['after identity', 'Transfer-Encoding: identity, chunked'],
  ['before identity', 'Transfer-Encoding: chunked, identity'],
  ['before identity in a second header', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'],
  ['after identity in a first header', 'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked'],
  ['for this hop only', 'Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked'],
  ['with a length for this hop only', 'Connection: Content-Length\r\nTransfer-Encoding: chunked'],
]

/** Ways to say a length so that one reader hears 0, or nothing, and the other this. */
const lengths: readonly (readonly [string, (length: number) => string])[] = [
  ['after another', (length) => `Content-Length: 0\r\nContent-Length: ${length}`],
  ['before another', (length) => `Content-Length: ${length}\r\nContent-Length: 0`],
  ['in a list', (length) => `Content-Length: 0, ${length}`],
  ['with a plus', (length) => `Content-Length: +${length}`],
  ['with zeros', (length) => `Content-Length: 000${length}`],
  ['in hex', (length) => `Content-Length: 0x${length.toString(16)}`],
  ['with a blank before the colon', (length) => `Content-Length : ${length}`],
  ['with a tab before the colon', (length) => `Content-Length\t: ${length}`],
  ['with a NUL behind', (length) => `Content-Length: ${length}\0`],
  ['with an underscore', (length) => `Content_Length: ${length}`],
  ['folded', (length) => `Content-Length:\r\n ${length}`],
  ['after a bare LF', (length) => `A: b\nContent-Length: ${length}`],
  ['after a bare CR', (length) => `A: b\rContent-Length: ${length}`],
  ['for this hop only', (length) => `Connection: Content-Length\r\nContent-Length: ${length}`],
]

/** Requests with another one hidden in them that no hop may take for one of its own accord. */
export function smugglingAttempts(
  hidden: string,
): readonly { readonly name: string; readonly text: string }[] {
  const wrapped = `${chunk(hidden)}0\r\n\r\n`
  const sizeLine = wrapped.indexOf('\r\n') + 2
  const ended = `0\r\n\r\n${hidden}`
  const length = `Content-Length: ${hidden.length}`
  const many = hidden.repeat(2000)
  const form = 'Content-Type: multipart/form-data; boundary=b'
  const nowhere = `${filesPath}?bucket=NOT_VALID`

  const attempts: readonly (readonly [string, string])[] = [
    ...codings.flatMap(([how, coding]): [string, string][] => [
      [`behind the last chunk, chunked ${how}`, put(`Content-Length: ${ended.length}\r\n${coding}`, ended)],
      [`in a chunk, chunked ${how}`, put(`${coding}\r\nContent-Length: ${sizeLine}`, wrapped)],
    ]),
    ...lengths.map(([how, say]): [string, string] => [`in a length ${how}`, put(say(hidden.length), hidden)]),
    ['in the body of a GET', get(length, hidden)],
    ['in a chunk of a GET', get('Transfer-Encoding: chunked', wrapped)],
    ['in the body of a GET, its length for this hop', get(`Connection: Content-Length\r\n${length}`, hidden)],
    [
      'behind an upgrade to websocket',
      get(
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        hidden,
      ),
    ],
    [
      'behind an upgrade to h2c',
      get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA', hidden),
    ],
    [
      'behind a chunk extension with a bare LF',
      put(
        'Transfer-Encoding: chunked',
        `2;\nxx\r\n${hidden.length.toString(16)}\r\n0\r\n\r\n${hidden}\r\n0\r\n\r\n`,
      ),
    ],
    [
      'behind a chunk that a bare LF ends',
      put('Transfer-Encoding: chunked', `5\r\nhello\n0\r\n\r\n${hidden}`),
    ],
    ['behind a chunk of 2^64', put('Transfer-Encoding: chunked', `10000000000000000\r\n\r\n${hidden}`)],
    [
      'behind a last chunk of many zeros',
      put('Transfer-Encoding: chunked', `${'0'.repeat(40)}\r\n\r\n${hidden}`),
    ],
    [
      'behind trailers with a length',
      put('Transfer-Encoding: chunked', `0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`),
    ],
    ['behind trailers with a bare LF', put('Transfer-Encoding: chunked', `0\r\nA: b\n\r\n${hidden}`)],
    [
      'in chunks of HTTP/1.0',
      `PUT ${filesPath} HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n${length}\r\n\r\n${wrapped}`,
    ],
    ['in the target', `GET /livez HTTP/1.1\r\nA: b\r\n\r\n${hidden}`],
    [
      'in an encoded target',
      `GET /livez%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a${encodeURIComponent(hidden)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ],
    ['in a body that is refused before it came', put(length, hidden, nowhere)],
    ['in a large body that is refused before it came', put(`Content-Length: ${many.length}`, many, nowhere)],
    [
      'in chunks that are refused before they came',
      put('Transfer-Encoding: chunked', `${chunk(many)}0\r\n\r\n`, nowhere),
    ],
    ['in a body of no type', `POST ${filesPath} HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n${hidden}`],
    [
      'in a form without parts',
      `POST ${filesPath} HTTP/1.1\r\nHost: x\r\n${form}\r\n${length}\r\n\r\n${hidden}`,
    ],
    [
      'behind the end of a form',
      `POST ${filesPath} HTTP/1.1\r\nHost: x\r\n${form}\r\nContent-Length: ${hidden.length + 7}\r\n\r\n--b--\r\n${hidden}`,
    ],
    ['in a body that nobody waited to send', put(`Expect: 100-continue\r\n${length}`, hidden)],
    [
      'in a refused body that nobody waited to send',
      put(`Expect: 100-continue\r\n${length}`, hidden, nowhere),
    ],
    ['in the body behind an unknown expectation', put(`Expect: 200-ok\r\n${length}`, hidden)],
    ['in the body behind an odd expectation', put(`Expect: y 100-continue\r\n${length}`, hidden)],
    ['in the body of an unknown address', put(length, hidden, '/nowhere')],
    [
      'in the body of a POST to a file',
      `POST ${filesPath}/x HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n${hidden}`,
    ],
    ['in the body of a HEAD', `HEAD /livez HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n${hidden}`],
    ['in the body of a packed upload', put(`Content-Encoding: gzip\r\n${length}`, hidden)],
  ]
  return attempts.map(([name, text]) => ({ name, text }))
}
