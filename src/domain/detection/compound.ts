import type { FileBytes } from './fileBytes.ts'

const SIGNATURE = Buffer.from('d0cf11e0a1b11ae1', 'hex')
const ENTRY_BYTES = 128
/** The first entries are those of the program that wrote the file; the entries of embedded files come behind. */
const DIRECTORY_BYTES = 64 * 1024

/** The streams that tell the program, in this order: a document may hold another one. */
const PROGRAMS: readonly (readonly [stream: string, type: string])[] = [
  ['WordDocument', 'application/msword'],
  ['Workbook', 'application/vnd.ms-excel'],
  ['Book', 'application/vnd.ms-excel'],
  ['PowerPoint Document', 'application/vnd.ms-powerpoint'],
  ['VisioDocument', 'application/vnd.visio'],
  ['__properties_version1.0', 'application/vnd.ms-outlook'],
]

/**
 * The media type of a Compound File of Microsoft, which older Office programs write; undefined for other bytes. The names of
 * its streams tell it; they lie in a directory anywhere in the file ([MS-CFB], 2.6).
 */
export async function detectCompound(file: FileBytes): Promise<string | undefined> {
  const { head } = file
  if (head.length < 512 || !head.subarray(0, 8).equals(SIGNATURE)) return undefined
  const sectorBytes = 2 ** Math.min(head.readUInt16LE(30), 12)
  const directory = await file.read((head.readUInt32LE(48) + 1) * sectorBytes, DIRECTORY_BYTES)
  const streams = topStreams(directory)
  return PROGRAMS.find(([stream]) => streams.has(stream))?.[1] ?? 'application/x-cfb'
}

/** The names of the streams that do not belong to an embedded file: the children of the first entry, a binary tree. */
function topStreams(directory: Buffer): Set<string> {
  const names = new Set<string>()
  const seen = new Set<number>()
  const entryCount = Math.floor(directory.length / ENTRY_BYTES)
  const waiting = entryCount > 0 ? [directory.readUInt32LE(76)] : []
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (index >= entryCount || seen.has(index)) continue
    seen.add(index)
    const entry = directory.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES)
    const nameBytes = Math.max(0, Math.min(entry.readUInt16LE(64), 64) - 2) // without the NUL at its end
    names.add(entry.toString('utf16le', 0, nameBytes))
    waiting.push(entry.readUInt32LE(68), entry.readUInt32LE(72))
  }
  return names
}
