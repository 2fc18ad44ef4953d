import fc from 'fast-check'
import { anyText } from '../support/property.ts'
import { formRequest } from '../support/rawForm.ts'

/** Nine times out of ten the good one. */
const mostly = <Value>(good: Value, odd: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: odd })

const some = anyText({ maxLength: 8 })
const words = ['upfile', 'file_name', 'metadata', 'bucket', 'a\\', '\\"', '%22', '__proto__']
const quoted = fc.oneof(some, fc.constantFrom(...words))
const parameter = fc.oneof(
  quoted.map((name) => `name="${name}"`),
  quoted.map((name) => `filename="${name}"`),
  fc.constantFrom(
    'name=upfile',
    'filename=a',
    "filename*=utf-8''%e6%97%a5.txt",
    "filename*=utf-8''%ff",
    "filename*0*=utf-8''a; filename*1=b",
    "name*=utf-8''upfile",
    'x=y',
    '',
  ),
)
const headerLine = fc.oneof(
  fc.array(parameter, { maxLength: 4 }).map((all) => ['Content-Disposition: form-data', ...all].join('; ')),
  fc.constantFrom('Content-Type: multipart/mixed; boundary=b', 'X: y', ' folded', 'Content-Length: 5'),
  some,
)
const pieces = fc.array(
  fc.oneof(some, fc.constantFrom('\r\n', '\r', '\n', '\r\n--', '--', '\0', 'x'.repeat(70_000))),
  { maxLength: 4 },
)
const partOf = (parameters: string, bytes: fc.Arbitrary<string[]>) =>
  fc.record({
    headers: mostly(
      [`Content-Disposition: form-data; ${parameters}`],
      fc.array(headerLine, { maxLength: 4 }),
    ),
    pieces: bytes,
    end: mostly('\r\n', fc.constantFrom('\n', '', '\r', ' \r\n')),
  })
const parts = fc
  .tuple(
    partOf('name="upfile"; filename="a.txt"', pieces),
    partOf('name="file_name"', pieces),
    partOf('name="metadata"', fc.constant(['{}'])),
  )
  .chain((all) => fc.shuffledSubarray(all, { minLength: 1 }))

/** A request that is nearly a form: in its boundary, headers, line ends or length something may be odd, or nothing. */
export const oddForm: fc.Arbitrary<Buffer> = fc
  .record({
    boundary: fc.constantFrom('b', 'bb', '--', "'()+_,-./:=?", 'b b', 'b'.repeat(70)),
    quotes: mostly('"', fc.constant('')),
    parameter: mostly(
      '',
      fc.constantFrom('; charset=utf-8', '; boundary=c', '; boundary*0=b', ';;', '; x="'),
    ),
    parts,
    close: mostly('--', fc.constantFrom('--\r\n', '', '-')),
    chunked: fc.boolean(),
    shift: mostly(0, fc.integer({ min: -40, max: 3 })),
  })
  .map(({ boundary, quotes, close, chunked, shift, ...form }) => {
    const texts = form.parts.map(({ headers, pieces: bytes, end }) =>
      [`--${boundary}`, ...headers, '', bytes.join('')].join('\r\n').concat(end),
    )
    const body = Buffer.from(`${texts.join('')}--${boundary}${close}`)
    const type = `Content-Type: multipart/form-data; boundary=${quotes}${boundary}${quotes}${form.parameter}`
    if (!chunked) return formRequest(body, [type, `Content-Length: ${Math.max(0, body.length + shift)}`])
    const chunks = `${body.length.toString(16)}\r\n${body.toString('latin1')}\r\n0\r\n\r\n`
    return formRequest(Buffer.from(chunks, 'latin1'), [type, 'Transfer-Encoding: chunked'])
  })
