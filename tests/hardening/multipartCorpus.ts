import { field, file, formBody, formRequest, formType, type RawPart } from '../support/rawForm.ts'

/** Forms that no honest client sends, and the status each gets. */
export interface OddForm {
  readonly name: string
  readonly request: Buffer
  readonly status: number
}

const disposition = 'Content-Disposition: form-data'
const otherFile = (name: string, filename = 'b.txt'): RawPart => ({
  headers: [`${disposition}; name="${name}"; filename="${filename}"`],
  bytes: 'more bytes',
})
const good = formBody([file('some bytes')])
const typed = (...types: readonly string[]) =>
  formRequest(
    good,
    types.map((type) => `Content-Type: ${type}`),
  )
const withParts = (...parts: readonly RawPart[]) => formRequest(formBody(parts))
const withHeaders = (...headers: readonly string[]) => withParts({ headers, bytes: 'some bytes' })

const boundaries: readonly (readonly [string, Buffer, number])[] = [
  ['no boundary', typed('multipart/form-data'), 400],
  ['an empty boundary', typed('multipart/form-data; boundary='), 400],
  ['an empty boundary in quotes', typed('multipart/form-data; boundary=""'), 400],
  ['a boundary of 71 characters', typed(`multipart/form-data; boundary=${'b'.repeat(71)}`), 400],
  ['a boundary of 16,000 characters', typed(`multipart/form-data; boundary=${'b'.repeat(16_000)}`), 400],
  ['a boundary that ends in a blank', typed('multipart/form-data; boundary="b "'), 400],
  ['a boundary with a quote', typed('multipart/form-data; boundary=b"'), 400],
  ['a boundary whose quote does not end', typed('multipart/form-data; boundary="b'), 400],
  ['a boundary with an odd character', typed('multipart/form-data; boundary="b[]"'), 400],
  ['a boundary beyond ASCII', typed('multipart/form-data; boundary="\u00e9"'), 400],
  ['another boundary', typed('multipart/form-data; boundary=c'), 400],
  ['two boundaries', typed('multipart/form-data; boundary=b; boundary=c'), 400],
  ['the same boundary twice', typed('multipart/form-data; boundary=b; BOUNDARY=b'), 400],
  ['a boundary within a parameter', typed('multipart/form-data; a="; boundary=b"; boundary=c'), 400],
  ['a boundary in pieces', typed('multipart/form-data; boundary=c; boundary*0=b'), 400],
  ['another kind of multipart', typed('multipart/mixed; boundary=b'), 415],
  ['a type that only begins like it', typed('multipart/form-data-x; boundary=b'), 415],
  ['a form without parts', typed('application/x-www-form-urlencoded'), 415],
  ['no type', formRequest(good, []), 415],
  ['two types', typed('text/plain', 'multipart/form-data; boundary=b'), 415],
  ['two types the other way round', typed('multipart/form-data; boundary=b', 'text/plain'), 400],
]

/** What else a body can be. */
const bodies: readonly (readonly [string, Buffer, number])[] = [
  ['an empty body', formRequest(''), 400],
  ['only a preamble', formRequest('a preamble\r\n'), 400],
  ['no part', formRequest('--b--\r\n'), 400],
  ['line ends without CR', formRequest(good.toString().replaceAll('\r\n', '\n')), 400],
  ['text behind a delimiter', formRequest(good.toString().replace('--b', '--bc')), 400],
  ['a preamble without an end', formRequest(Buffer.alloc(300_000, 'x')), 400],
  ['an epilogue without an end', formRequest(Buffer.concat([good, Buffer.alloc(300_000, 'x')])), 400],
  ['bytes that begin with the delimiter', withParts(file('--b\r\n\r\n')), 400],
  ['one too many dashes', formRequest(good.toString().replace('--b\r\n', '---b\r\n')), 400],
  ['a packed body', formRequest(good, [formType, 'Content-Encoding: gzip']), 415],
  [
    'a packed body said twice',
    formRequest(good, [formType, 'Content-Encoding: identity', 'Content-Encoding: gzip']),
    415,
  ],
]

const headers: readonly (readonly [string, Buffer, number])[] = [
  ['no headers', withHeaders(), 400],
  ['no Content-Disposition', withHeaders('Content-Type: text/plain'), 400],
  ['an empty Content-Disposition', withHeaders('Content-Disposition:'), 400],
  ['another disposition', withHeaders('Content-Disposition: attachment; name="upfile"; filename="a"'), 400],
  [
    'a disposition that only begins like it',
    withHeaders(`${disposition}x; name="upfile"; filename="a"`),
    400,
  ],
  [
    'two Content-Dispositions',
    withHeaders(`${disposition}; name="upfile"; filename="a"`, `${disposition}; name="b"`),
    400,
  ],
  ['a folded Content-Disposition', withHeaders(`${disposition};`, ' name="upfile"; filename="a"'), 400],
  ['a header folded with a tab', withHeaders(`${disposition}; name="upfile";`, '\tfilename="a"'), 400],
  [
    'a blank before the colon',
    withHeaders(`Content-Disposition : form-data; name="upfile"; filename="a"`),
    400,
  ],
  ['a header without a colon', withHeaders(`${disposition}; name="upfile"; filename="a"`, 'X'), 400],
  [
    '80 KB without a colon',
    withHeaders(`${disposition}; name="upfile"; filename="a"`, 'X'.repeat(80_000)),
    400,
  ],
  ['2,001 headers', withHeaders(...Array.from({ length: 2001 }, (_, at) => `X-${at}: y`)), 400],
  [
    'headers of 16 KB and more',
    withHeaders(`${disposition}; name="upfile"; filename="${'a'.repeat(17_000)}"`),
    400,
  ],
  [
    'a NUL in the name of a header',
    withHeaders(`${disposition}; name="upfile"; filename="a"`, 'X\0: y'),
    400,
  ],
  ['a bare LF in a header', withHeaders(`X: y\n${disposition}; name="upfile"; filename="a"`), 400],
  ['no name', withHeaders(`${disposition}; filename="a"`), 400],
  ['an empty name', withHeaders(`${disposition}; name=""; filename="a"`), 400],
  ['two names', withHeaders(`${disposition}; name="upfile"; name="file_name"; filename="a"`), 400],
  ['two file names', withHeaders(`${disposition}; name="upfile"; filename="a"; filename="b"`), 400],
  [
    'two file names in two ways',
    withHeaders(`${disposition}; name="upfile"; filename*=utf-8''a; filename*=utf-8''b`),
    400,
  ],
  ['a name whose quote does not end', withHeaders(`${disposition}; name="upfile`), 400],
  ['a row of backslashes', withHeaders(`${disposition}; name="upfile"; filename="${'\\'.repeat(8000)}`), 400],
  ['a row of escapes', withHeaders(`${disposition}; name="upfile"; filename="${'\\"'.repeat(4000)}`), 400],
  ['a row of semicolons', withHeaders(`${disposition}${';'.repeat(8000)}`), 400],
  ['a row of blanks', withHeaders(`${disposition};${' \t'.repeat(7000)}x`), 400],
  ['a file name that is not UTF-8', withHeaders(`${disposition}; name="upfile"; filename*=utf-8''%ff`), 400],
  [
    'a file name in an unknown charset',
    withHeaders(`${disposition}; name="upfile"; filename*=utf-7''a`),
    400,
  ],
  ['a file name that is cut off', withHeaders(`${disposition}; name="upfile"; filename*=utf-8''a%4`), 400],
]

const fields: readonly (readonly [string, Buffer, number])[] = [
  ['a field twice', withParts(field('file_name', 'a'), file('some bytes'), field('file_name', 'a')), 400],
  ['two files', withParts(file('some bytes'), file('more bytes')), 400],
  ...['upfile[]', 'file', 'unknown', '__proto__', 'file_name.x'].map(
    (name) => [`a second file as ${name}`, withParts(file('some bytes'), otherFile(name)), 400] as const,
  ),
  ['a second file without a name', withParts(file('some bytes'), otherFile('thumb', '')), 400],
  ['the file in another part', withParts(otherFile('file')), 400],
  ['a piece of a file', withParts(field('dztotalchunkcount', '2'), file('some bytes')), 400],
  [
    'a text of 64 KiB that nobody knows',
    withParts(field('other', 'x'.repeat(65_537)), file('some bytes')),
    413,
  ],
  ['a file and a text of its name', withParts(file('some bytes'), field('upfile', 'x')), 400],
  ['a text in the place of the file', withParts(field('upfile', 'some bytes')), 400],
  [
    'a file in the place of a text',
    withParts({ headers: [`${disposition}; name="file_name"; filename="a"`], bytes: 'x' }),
    400,
  ],
  ['no file', withParts(field('file_name', 'a')), 400],
  [
    'a file that nobody chose',
    withParts({ headers: [`${disposition}; name="upfile"; filename=""`], bytes: '' }),
    400,
  ],
  ['a bucket that is none, behind the file', withParts(file('some bytes'), field('bucket', '../up')), 400],
  ['a bucket that is none, before the file', withParts(field('bucket', '../up'), file('some bytes')), 400],
  ['metadata that are none, behind the file', withParts(file('some bytes'), field('metadata', '{')), 400],
  ['a text of more than 64 KiB', withParts(file('some bytes'), field('metadata', 'x'.repeat(65_537))), 413],
]

export const oddForms: readonly OddForm[] = [...boundaries, ...bodies, ...headers, ...fields].map(
  ([name, request, status]) => ({ name, request, status }),
)
