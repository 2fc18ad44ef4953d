import { crc32 } from 'node:zlib'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A file in the container of MP4 and HEIF: its first brand, and the others. */
export function isoFile(brand: string, others: readonly string[] = ['isom']): Buffer {
  const brands = latin1([brand, '\0\0\0\0', ...others].join(''))
  return Buffer.concat([
    uint32(8 + brands.length),
    latin1('ftyp'),
    brands,
    hex('00000008 6d646174'),
    Buffer.alloc(64),
  ])
}

/** The header of a WebM or Matroska file. */
export function ebmlFile(docType: 'webm' | 'matroska'): Buffer {
  const type = latin1(docType)
  const body = Buffer.concat([hex('42868101 42f78101'), hex('4282'), Buffer.from([0x80 | type.length]), type])
  return Buffer.concat([
    hex('1a45dfa3'),
    Buffer.from([0x80 | body.length]),
    body,
    hex('18538067 01ffffffffffffff'),
  ])
}

/** The first page of an Ogg file. */
export const oggFile = (codec: string): Buffer =>
  Buffer.concat([latin1('OggS\0\x02'), Buffer.alloc(20), hex('011e'), latin1(codec), Buffer.alloc(32)])

export const riffFile = (kind: string): Buffer =>
  Buffer.concat([latin1('RIFF'), hex('24000000'), latin1(kind), Buffer.alloc(24)])

/** An MP3 behind a tag with a picture of this number of bytes, and then a gap. */
export function taggedMp3(pictureBytes: number, gapBytes = 0): Buffer {
  const size = Buffer.from([21, 14, 7, 0].map((shift) => (pictureBytes >> shift) & 0x7f))
  return Buffer.concat([
    ...[latin1('ID3\x03\0\0'), size, Buffer.alloc(pictureBytes, 0xaa), Buffer.alloc(gapBytes)],
    ...[hex('fffb9064'), Buffer.alloc(417)],
  ])
}

/** A PNG with these chunks before its pixels. */
export function pngFile(chunks: readonly (readonly [type: string, content: Buffer])[] = []): Buffer {
  const header = hex('00000001 00000001 08 06 000000')
  const all = [
    ['IHDR', header],
    ...chunks,
    ['IDAT', hex('789c6360000002000001')],
    ['IEND', Buffer.alloc(0)],
  ] as const
  return Buffer.concat([
    hex('89504e470d0a1a0a'),
    ...all.flatMap(([type, content]) => {
      const body = Buffer.concat([latin1(type), content])
      return [uint32(content.length), body, uint32(crc32(body))]
    }),
  ])
}

/** A TIFF whose list of tags comes behind this number of bytes of pixels, as most programs write it. */
export function tiffFile(pixelBytes: number, tags: readonly number[] = [256, 257]): Buffer {
  const list = Buffer.alloc(2 + tags.length * 12 + 4)
  list.writeUInt16LE(tags.length)
  tags.forEach((tag, index) => {
    list.writeUInt16LE(tag, 2 + index * 12)
    list.writeUInt16LE(3, 4 + index * 12)
    list.writeUInt32LE(1, 6 + index * 12)
  })
  const start = Buffer.alloc(8)
  start.write('II*\0', 'latin1')
  start.writeUInt32LE(8 + pixelBytes, 4)
  return Buffer.concat([start, Buffer.alloc(pixelBytes, 0xaa), list])
}

/** An archive of tar with one entry of this content. */
export function tarFile(content: string): Buffer {
  const header = Buffer.alloc(512)
  header.write('a.pdf', 'latin1')
  header.write('0000644\x000000000\x000000000\x0000000000005\x0000000000000\x00        0', 100, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  return Buffer.concat([header, latin1(content), Buffer.alloc(512)])
}

/** Bytes at a place behind zeros. */
export const at = (offset: number, bytes: Buffer, length = offset + bytes.length): Buffer =>
  Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(length - offset - bytes.length)])
