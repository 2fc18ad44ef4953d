import { crc32, deflateRawSync } from 'node:zlib'

/** The entries of an archive, in this order. */
export type Entries = readonly (readonly [name: string, content: string | Buffer])[]

interface ZipOptions {
  /** As programs write that cannot go back: the sizes follow the bytes of each entry. */
  readonly streamed?: boolean
  /** Names of entries that are not compressed. */
  readonly stored?: readonly string[]
  /** Bytes before the archive, and the comment behind it. */
  readonly before?: Buffer
  readonly comment?: Buffer
}

/** A ZIP archive. */
export function zipFile(
  entries: Entries,
  { streamed = false, stored = [], before = Buffer.alloc(0), comment = Buffer.alloc(0) }: ZipOptions = {},
): Buffer {
  const pieces: Buffer[] = [before]
  const list: Buffer[] = []
  let offset = 0
  for (const [name, content] of entries) {
    const bytes = Buffer.from(content)
    const method = stored.includes(name) ? 0 : 8
    const packed = method === 0 ? bytes : deflateRawSync(bytes)
    const sizes = uint32s(crc32(bytes), packed.length, bytes.length)
    const common = Buffer.concat([uint16s(20, streamed ? 8 : 0, method, 0, 0)])
    const local = Buffer.concat([
      ...[latin1('PK\x03\x04'), common, streamed ? Buffer.alloc(12) : sizes],
      ...[uint16s(name.length, 0), latin1(name), packed],
      ...(streamed ? [latin1('PK\x07\x08'), sizes] : []),
    ])
    list.push(
      Buffer.concat([
        ...[latin1('PK\x01\x02'), uint16s(20), common, sizes, uint16s(name.length, 0, 0, 0, 0)],
        ...[uint32s(0, offset), latin1(name)],
      ]),
    )
    pieces.push(local)
    offset += local.length
  }
  const listBytes = Buffer.concat(list)
  const end = [
    ...[latin1('PK\x05\x06'), uint16s(0, 0, entries.length, entries.length)],
    ...[uint32s(listBytes.length, offset), uint16s(comment.length), comment],
  ]
  return Buffer.concat([...pieces, listBytes, ...end])
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')

function uint16s(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  values.forEach((value, index) => void bytes.writeUInt16LE(value, index * 2))
  return bytes
}

function uint32s(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => void bytes.writeUInt32LE(value, index * 4))
  return bytes
}
