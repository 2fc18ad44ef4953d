import { gzipSync } from 'node:zlib'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const latin1 = (text: string) => Buffer.from(text, 'latin1')

/** First bytes of files whose detectors look further than the magic number. */
export const magicNumbers: readonly Buffer[] = [
  hex('3026b2758e66cf11a6d900aa0062ce6c'), // ASF
  hex('1a45dfa3'), // Matroska
  hex('504b0304'), // ZIP
  hex('504b0506'),
  hex('89504e470d0a1a0a'), // PNG
  hex('ffd8ff'), // JPEG
  hex('49492a00'), // TIFF
  hex('4d4d002a'),
  hex('4d4d002b'),
  hex('494433'), // ID3
  hex('fffb'), // MPEG audio
  hex('00000000 66747970'), // MP4
  hex('0000001c 66747970 6d703432'),
  hex('1f8b08'), // gzip
  hex('425a68'), // bzip2
  hex('fd377a585a00'), // xz
  hex('28b52ffd'), // zstd
  hex('377abcaf271c'), // 7z
  hex('526172211a07'), // RAR
  hex('d0cf11e0a1b11ae1'), // OLE
  hex('4f676753'), // Ogg
  hex('52494646 00000000 57454250'), // WebP
  hex('52494646 ffffffff 41564920'), // AVI
  hex('7f454c46'), // ELF
  hex('cafebabe'), // Java, Mach-O
  hex('cffaedfe'),
  hex('0061736d'), // WebAssembly
  hex('53514c69746520666f726d6174203300'), // SQLite
  hex('664c6143'), // FLAC
  hex('46575305'), // SWF
  hex('474946383961'), // GIF
  hex('424d'), // BMP
  hex('4d5a'), // PE
  hex('00000100'), // ICO
  hex('47') /* MPEG-TS */,
  hex('000001ba'), // MPEG-PS
  hex('060e2b34'), // MXF
  hex('0000000c6a5020200d0a870a'), // JPEG 2000
  hex('ff0a'), // JPEG XL
  latin1('%PDF-1.7\n'),
  latin1('%!PS-Adobe-3.0'),
  latin1('!<arch>\ndebian-binary'),
  latin1('<?xml version="1.0"?>'),
  latin1('{\\rtf'),
  latin1('BEGIN:VCARD'),
  latin1('d8:announce'),
  latin1('\xff\xfe'),
  latin1('\xef\xbb\xbf'),
]

const zip = (name: string, { method = 0, size = 0xffffffff, flags = 0 } = {}) => {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50)
  header.writeUInt16LE(flags, 6)
  header.writeUInt16LE(method, 8)
  header.writeUInt32LE(size, 18)
  header.writeUInt32LE(size, 22)
  header.writeUInt16LE(name.length, 26)
  return Buffer.concat([header, latin1(name)])
}

/** Heads made to keep a detector busy. */
export const busyHeads: readonly (readonly [what: string, head: Buffer])[] = [
  [
    'the ASF of 55 bytes whose objects have no size',
    Buffer.concat([hex('3026b2758e66cf11a6d900aa0062ce6c'), Buffer.alloc(39)]),
  ],
  [
    'an ASF of objects that go backwards',
    Buffer.concat([hex('3026b2758e66cf11a6d900aa0062ce6c'), Buffer.alloc(4000, 0xff)]),
  ],
  ['a Matroska of elements without a size', Buffer.concat([hex('1a45dfa3'), Buffer.alloc(4000, 0x80)])],
  [
    'a Matroska of endless elements',
    Buffer.concat([hex('1a45dfa3 01ffffffffffffff'), Buffer.alloc(4000, 0xec)]),
  ],
  ['a ZIP of many empty entries', Buffer.concat(Array.from({ length: 120 }, () => zip('a', { size: 0 })))],
  [
    'a ZIP whose content types never end',
    Buffer.concat([zip('[Content_Types].xml', { method: 8 }), Buffer.alloc(4000, 0x55)]),
  ],
  [
    'a ZIP whose content types are huge',
    Buffer.concat([zip('[Content_Types].xml', { size: 0x7fffffff }), Buffer.alloc(4000, 0x20)]),
  ],
  ['a ZIP of unknown sizes', Buffer.concat([zip('a', { size: 0, flags: 8 }), Buffer.alloc(4000, 0x50)])],
  [
    'a ZIP of content types packed a thousand times',
    Buffer.concat([
      zip('[Content_Types].xml', { method: 8, size: 4000 }),
      gzipSync(Buffer.alloc(4_000_000)).subarray(10),
    ]),
  ],
  ['a gzip that unpacks a thousandfold', gzipSync(Buffer.alloc(32_000_000)).subarray(0, 4100)],
  ['a gzip that ends at once', hex('1f8b0800000000000003')],
  ['a PNG of chunks without a size', Buffer.concat([hex('89504e470d0a1a0a'), Buffer.alloc(4000)])],
  ['a PNG of huge chunks', Buffer.concat([hex('89504e470d0a1a0a'), Buffer.alloc(4000, 0x7f)])],
  ['a TIFF of 65,535 tags', Buffer.concat([hex('49492a0008000000ffff'), Buffer.alloc(4000)])],
  ['an ID3 tag of 256 MiB', Buffer.concat([hex('49443303000000 7f7f7f'), Buffer.alloc(4000, 0xff)])],
  [
    'ID3 tags one after the other',
    Buffer.concat(Array.from({ length: 400 }, () => hex('49443303000000000000'))),
  ],
  ['an MP4 of boxes without a size', Buffer.concat([hex('0000000066747970'), Buffer.alloc(4000)])],
  ['an MP4 of a million brands', Buffer.concat([hex('7fffffff66747970'), Buffer.alloc(4000, 0x61)])],
  ['an OLE whose sectors go round', Buffer.concat([hex('d0cf11e0a1b11ae1'), Buffer.alloc(4000, 1)])],
  [
    'an Ogg of pages without a size',
    Buffer.concat(Array.from({ length: 150 }, () => Buffer.concat([latin1('OggS'), Buffer.alloc(23)]))),
  ],
  ['a JPEG of markers', Buffer.concat([hex('ffd8ff'), Buffer.alloc(4000, 0xff)])],
  ['a tar of nothing', Buffer.concat([Buffer.alloc(257, 0x61), latin1('ustar'), Buffer.alloc(3800)])],
  ['XML that never closes', latin1(`<?xml ${'<'.repeat(4000)}`)],
]
