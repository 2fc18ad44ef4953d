import { randomBytes } from 'node:crypto'
import { type Entries, zipFile } from './zipFile.ts'

const contentTypes = (main: string): Entries[number] => [
  '[Content_Types].xml',
  '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">' +
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
    `<Override PartName="/main" ContentType="${main}"/></Types>`,
]
const relations: Entries[number] = ['_rels/.rels', '<Relationships/>']
/** Bytes that no program can pack. */
const picture = (length: number): Entries[number] => ['media/picture.png', randomBytes(length)]

/** A document of Office whose content types come first, as Word writes it. */
export const officeFile = (main: string): Buffer =>
  zipFile([contentTypes(main), relations, ['a.xml', '<a/>']])

/** A document of Office whose content types come last, as openpyxl writes it, behind this number of bytes. */
export const lateOfficeFile = (main: string, length = 0): Buffer =>
  zipFile([relations, ['xl/workbook.xml', '<a/>'], picture(length), contentTypes(main)])

/** A document of Office that was written in one pass, with its content types in the middle. */
export const streamedOfficeFile = (main: string): Buffer =>
  zipFile([relations, picture(100_000), contentTypes(main), ['media/other.png', randomBytes(100_000)]], {
    streamed: true,
  })

/** A document with the entry `mimetype`, as LibreOffice and e-books have it. */
export const mimetypeFile = (type: string): Buffer =>
  zipFile([['mimetype', type], ['META-INF/manifest.xml', '<a/>'], picture(100)], { stored: ['mimetype'] })

/** A Compound File whose directory, with these streams, comes behind `length` bytes. */
export function compoundFile(streams: readonly string[], length = 0): Buffer {
  const header = Buffer.alloc(512)
  header.write('d0cf11e0a1b11ae1', 'hex')
  header.writeUInt16LE(9, 30)
  const sectors = Math.ceil(length / 512)
  header.writeUInt32LE(sectors, 48)
  const names = ['Root Entry', ...streams]
  const directory = names.map((name, index) => {
    const entry = Buffer.alloc(128)
    entry.write(name, 'utf16le')
    entry.writeUInt16LE(name.length * 2 + 2, 64)
    entry.writeUInt32LE(0xffffffff, 68)
    // Each stream is the right neighbour of the one before; the first one is the child of the root.
    entry.writeUInt32LE(index > 0 && index + 1 < names.length ? index + 1 : 0xffffffff, 72)
    entry.writeUInt32LE(index === 0 ? 1 : 0xffffffff, 76)
    return entry
  })
  return Buffer.concat([header, randomBytes(sectors * 512), ...directory])
}
