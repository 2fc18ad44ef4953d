import { crc32 } from 'node:zlib'
import { listUploadParts } from '../../database/rows/uploadParts.ts'
import type { Deps } from '../../deps.ts'
import { fileTooLarge } from '../../errors/files.ts'
import { partsInvalid, sizeMismatch } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import { blockBytes, type Receipt } from '../../model/blob.ts'
import type { UploadPart } from '../../model/upload.ts'
import { receiveBytes } from '../storing/receiveBytes.ts'
import { etagOf, maxBytesOf, type PartsLocation, type UploadInParts } from './parts.ts'
import { receiptOfStored } from './readStored.ts'

export interface NamedPart {
  readonly partNumber: number
  /** With or without its quotes. */
  readonly etag: string
}

/**
 * Makes one of parts: on S3 they are put together in place, and read once; parts that the service has are received once
 * more, as one. Throws `upload-not-found`, `parts-invalid`, `size-mismatch`, `file-too-large`, and what `receiveBytes` throws.
 */
export async function receiveParts(
  deps: Deps,
  { upload, location }: UploadInParts,
  parts: readonly NamedPart[],
): Promise<Receipt> {
  const { id, size } = upload
  const maxBytes = await maxBytesOf(deps, upload)
  if (location.in === 'storage') {
    const { direct, key: storageKey, partsId } = location
    const insistOnSize = (bytes: number) => {
      if (size !== null && bytes !== size) throw sizeMismatch(size, bytes)
      if (bytes > maxBytes) throw fileTooLarge(maxBytes)
    }
    const partSizes = await sizesOf(location, parts)
    // Before they are put together, and before anything of it is read.
    if (partSizes) insistOnSize(partSizes.reduce((sum, bytes) => sum + bytes, 0))
    const completed = await direct.completeParts(storageKey, partsId, parts)
    insistOnSize(completed)
    return await receiptOfStored(deps, { storageKey, size: completed, partSizes, lease: undefined })
  }
  const there = new Map((await listUploadParts(deps.db, id)).map((part) => [part.number, part]))
  const wanted = parts
    .toSorted((one, other) => one.partNumber - other.partNumber)
    .map(({ partNumber, etag }) => {
      const part = there.get(partNumber)
      if (!part || withoutQuotes(etagOf(part.md5)) !== withoutQuotes(etag))
        throw partsInvalid(`part ${partNumber} is not the one that is there`)
      return part
    })
  if (wanted.length === 0) throw partsInvalid('there are none')
  const declaredBytes = wanted.reduce((sum, part) => sum + part.size, 0)
  if (size !== null && declaredBytes !== size)
    throw partsInvalid(`together they have ${declaredBytes} bytes, not the ${size} that were announced`)
  return await receiveBytes(deps, bytesOf(deps, wanted), { sha512: false, declaredBytes, maxBytes })
}

/** The sizes of these parts, in the order of their numbers; undefined when they were put together before, or are others. */
async function sizesOf(
  { direct, key, partsId }: Extract<PartsLocation, { in: 'storage' }>,
  parts: readonly NamedPart[],
): Promise<number[] | undefined> {
  const there = await direct.listParts(key, partsId).catch((error: unknown) => {
    if (hasCode(error, 'upload-not-found')) return []
    throw error
  })
  const numbers = new Set(parts.map(({ partNumber }) => partNumber))
  const sizes = there.flatMap(({ partNumber, size }) => (numbers.has(partNumber) ? [size] : []))
  return sizes.length > 0 && sizes.length === numbers.size ? sizes : undefined
}

/** An entity tag without its quotes. */
export const withoutQuotes = (etag: string) => etag.replaceAll('"', '')

async function* bytesOf({ storage }: Deps, parts: readonly UploadPart[]) {
  for (const { number, storageKey, size, blockCrc32 } of parts) {
    if (size === 0) continue
    try {
      const blocks = storage.read(storageKey, { first: 0, last: size - 1 }, blockBytes)
      let checked = 0
      for await (const block of blocks) {
        if (blockCrc32 && crc32(block) !== blockCrc32.readUInt32BE(checked))
          throw partsInvalid(`part ${number} was damaged and has to be sent again`)
        checked += 4
        yield Buffer.from(block) // the storage uses its buffer again
      }
    } catch (error) {
      throw hasCode(error, 'file-not-found') ? partsInvalid(`part ${number} is not there any more`) : error
    }
  }
}
