import { deflateRawSync } from 'node:zlib'
import { compoundFile } from '../../support/samples/documents.ts'
import { pngFile, tiffFile } from '../../support/samples/media.ts'
import { zipFile } from '../../support/samples/zipFile.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const contentTypes = '[Content_Types].xml'
const filling = Buffer.alloc(100_000, 0xaa)

/** An archive whose content types unpack to 50 MB. */
function bomb(): Buffer {
  const bytes = zipFile(
    [
      ['a', filling],
      [contentTypes, Buffer.alloc(50_000_000, 0x20)],
    ],
    { stored: ['a'] },
  )
  if (deflateRawSync(Buffer.alloc(50_000_000)).length > 64 * 1024) throw new Error('Too large to be read.')
  return bytes
}

/** A compound file whose streams follow each other in a circle. */
function circle(): Buffer {
  const bytes = compoundFile(Array.from({ length: 500 }, (_, index) => `Stream ${index}`))
  for (let index = 1; index <= 500; index++) bytes.writeUInt32LE((index % 500) + 1, 512 + index * 128 + 68)
  return bytes
}

/** Files made to keep a detector busy beyond their first bytes. */
export const busyFiles: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['an archive whose content types unpack to 50 MB', bomb()],
  [
    'an archive of 20,000 entries',
    zipFile(Array.from({ length: 20_000 }, (_, index) => [`Index/${index}`, ''] as const)),
  ],
  [
    'an archive that ends with ends',
    Buffer.concat([zipFile([['a', filling]]), latin1('PK\x05\x06'.repeat(16_384))]),
  ],
  [
    'an archive whose list is said to be everywhere',
    Buffer.concat([zipFile([['a', filling]]), latin1(`PK\x05\x06${'\xff'.repeat(16)}\0\0`)]),
  ],
  [
    'an archive whose large end is said to be everywhere',
    Buffer.concat([
      ...[latin1('PK\x03\x04'), filling, latin1('PK\x06\x06'), Buffer.alloc(72, 0xff)],
      ...[latin1(`PK\x05\x06${'\xff'.repeat(16)}\0\0`)],
    ]),
  ],
  [
    'an archive of a thousand content types',
    zipFile(Array.from({ length: 1000 }, () => [contentTypes, 'ContentType="'.repeat(2000)] as const)),
  ],
  [
    'content types without an end',
    zipFile([[contentTypes, `ContentType="application/vnd.ms-excel.${'.main'.repeat(100_000)}"`]]),
  ],
  ['a compound file whose streams go in a circle', circle()],
  ['a PNG of 500 large chunks', pngFile(Array.from({ length: 500 }, () => ['iTXt', filling] as const))],
  [
    'a TIFF of 512 tags far behind',
    tiffFile(
      3_000_000,
      Array.from({ length: 512 }, () => 1),
    ),
  ],
  [
    'large ID3 tags one after the other',
    Buffer.concat(
      Array.from({ length: 50 }, () => Buffer.concat([latin1('ID3\x03\0\0\0\x06\x0d\x20'), filling])),
    ),
  ],
  ['a document type of quotes', latin1(`<!DOCTYPE a [${`"'`.repeat(40_000)}`)],
  ['a document type of brackets', latin1(`<!DOCTYPE a ${'[]<!--'.repeat(20_000)}`)],
  ['document types one after the other', latin1('<!DOCTYPE a>'.repeat(10_000))],
  ['comments that never close', latin1('<!--'.repeat(30_000))],
  ['instructions', latin1('<??>'.repeat(30_000))],
  ['blanks', latin1(' \n'.repeat(60_000))],
  ['elements with prefixes', latin1(`<${'a:'.repeat(60_000)}svg>`)],
  ['a MIME head before a PDF', latin1(`Content-Type: a\n${'a: b\n'.repeat(190)}%PDF-1.7\n`)],
  ['lines of a MIME head', latin1(`Content-Type: a\n${'-'.repeat(980)} %PDF-1.7\n`)],
]
