import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import type { FileBytes } from './fileBytes.ts'

/** An entry of a ZIP archive. */
export interface ZipEntry {
  readonly name: string
  readonly flags: number
  /** The compression: 0 for none, 8 for Deflate. */
  readonly method: number
  /** Bytes in the archive. */
  readonly size: number
  /** The index of its local header. */
  readonly offset: number
}

const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const END = Buffer.from('PK\x05\x06', 'latin1')
const END_BYTES = 22
const ZIP64_END_BYTES = 56
const ZIP64_LOCATOR_BYTES = 20
/** The record at the end may have a comment of up to 64 KiB. Programs write none, so the list of entries fits in too. */
const TAIL_BYTES = 64 * 1024
/** About 3,000 entries. */
const LIST_BYTES = 256 * 1024
/** The entries that tell a type have a few KiB, unpacked too; 1 MiB takes some milliseconds. */
const ENTRY_BYTES = 64 * 1024
const UNPACKED_BYTES = 1024 * 1024

const unpack = promisify<Buffer, object, Buffer>(inflateRaw)

/** The first entry, from its header at the start of the archive. */
export const firstEntry = ({ head }: FileBytes): ZipEntry | undefined => localEntry(head, 0)

/**
 * The entries of an archive, from the list at its end, because programs that write archives in one pass give the sizes there
 * only. At most 256 KiB of the list are read. An archive that was cut short has the entries whose headers are in the head.
 */
export async function listEntries(file: FileBytes): Promise<ZipEntry[]> {
  const tailStart = Math.max(0, file.size - TAIL_BYTES)
  const tail = await file.read(tailStart, TAIL_BYTES)
  const end = findEnd(tail)
  if (end === undefined) return [...localEntries(file.head)]
  const { listSize, listEnd, listOffset } = zip64End(tail, end) ?? {
    listSize: tail.readUInt32LE(end + 12),
    listOffset: tail.readUInt32LE(end + 16),
    listEnd: end,
  }
  const listStart = tailStart + listEnd - listSize
  if (listStart < 0) return [...localEntries(file.head)]
  // Other bytes may stand before the archive: its offsets do not count those.
  const list = await file.read(listStart, Math.min(listSize, LIST_BYTES))
  return [...centralEntries(list, listStart - listOffset)]
}

/** The unpacked bytes of a small entry; undefined when they are large, encrypted, damaged or packed in another way. */
export async function readEntry(file: FileBytes, entry: ZipEntry): Promise<Buffer | undefined> {
  if (entry.size > ENTRY_BYTES || (entry.flags & 1) !== 0 || entry.offset < 0) return undefined
  const header = await file.read(entry.offset, LOCAL_BYTES)
  if (header.length < LOCAL_BYTES) return undefined
  const start = entry.offset + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28)
  const bytes = await file.read(start, entry.size)
  if (entry.method === 0) return bytes
  if (entry.method !== 8) return undefined
  return await unpack(bytes, { maxOutputLength: UNPACKED_BYTES }).catch(() => undefined)
}

function findEnd(tail: Buffer): number | undefined {
  const records = tail.subarray(0, Math.max(0, tail.length - END_BYTES + 4))
  let index = records.lastIndexOf(END)
  // The bytes of a comment may look like the record: the length of the comment tells.
  while (index >= 0 && tail.readUInt16LE(index + 20) > tail.length - index - END_BYTES)
    index = records.subarray(0, index).lastIndexOf(END)
  return index < 0 ? undefined : index
}

/** The end of an archive with sizes above 4 GiB or more than 65,535 entries, which stands before the ordinary end. */
function zip64End(tail: Buffer, end: number) {
  const index = end - ZIP64_LOCATOR_BYTES - ZIP64_END_BYTES
  if (index < 0 || tail.readUInt32LE(index) !== 0x06064b50) return undefined
  const [listSize, listOffset] = [tail.readBigUInt64LE(index + 40), tail.readBigUInt64LE(index + 48)]
  return { listSize: Number(listSize), listOffset: Number(listOffset), listEnd: index }
}

function* centralEntries(list: Buffer, shift: number): Generator<ZipEntry> {
  for (let index = 0; index + CENTRAL_BYTES <= list.length && list.readUInt32LE(index) === 0x02014b50; ) {
    const nameBytes = list.readUInt16LE(index + 28)
    yield {
      name: list.toString('latin1', index + CENTRAL_BYTES, index + CENTRAL_BYTES + nameBytes),
      flags: list.readUInt16LE(index + 8),
      method: list.readUInt16LE(index + 10),
      size: list.readUInt32LE(index + 20),
      offset: shift + list.readUInt32LE(index + 42),
    }
    index += CENTRAL_BYTES + nameBytes + list.readUInt16LE(index + 30) + list.readUInt16LE(index + 32)
  }
}

function* localEntries(head: Buffer): Generator<ZipEntry> {
  for (let entry = localEntry(head, 0); entry; ) {
    yield entry
    if ((entry.flags & 8) !== 0) return // its size follows its bytes
    const { offset, size } = entry
    entry = localEntry(
      head,
      offset + LOCAL_BYTES + head.readUInt16LE(offset + 26) + head.readUInt16LE(offset + 28) + size,
    )
  }
}

function localEntry(head: Buffer, offset: number): ZipEntry | undefined {
  if (offset + LOCAL_BYTES > head.length || head.readUInt32LE(offset) !== 0x04034b50) return undefined
  return {
    name: head.toString(
      'latin1',
      offset + LOCAL_BYTES,
      offset + LOCAL_BYTES + head.readUInt16LE(offset + 26),
    ),
    flags: head.readUInt16LE(offset + 6),
    method: head.readUInt16LE(offset + 8),
    size: head.readUInt32LE(offset + 18),
    offset,
  }
}
