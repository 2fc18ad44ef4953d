import { listUploadParts } from '../../database/rows/uploadParts.ts'
import type { Deps } from '../../deps.ts'
import { matchesCheck } from '../../digests/blockChecks.ts'
import { fileTooLarge } from '../../errors/files.ts'
import { partsInvalid, sizeMismatch } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import { blockBytes, type Receipt } from '../../model/blob.ts'
import type { UploadPart } from '../../model/upload.ts'
import { receiveBytes } from '../storing/receiveBytes.ts'
import { etagOf, maxBytesOf, type PartsLocation, type UploadInParts } from './parts.ts'
import { receiptOfStored } from './readStored.ts'

/** A part in the request that completes an upload. */
export interface NamedPart {
  readonly partNumber: number
  /** With or without its quotes. */
  readonly etag: string
}

/**
 * Puts parts together and returns their receipt. S3 puts its parts together itself, and the service reads the result. Parts
 * that the service keeps are written once more, as one. Throws `upload-not-found`, `parts-invalid`, `size-mismatch`,
 * `file-too-large`, and what `receiveBytes` throws.
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
    const checkSize = (bytes: number) => {
      if (size !== null && bytes !== size) throw sizeMismatch(size, bytes)
      if (bytes > maxBytes) throw fileTooLarge(maxBytes)
    }
    const partSizes = await sizesOf(location, parts)
    // Checked before S3 puts the parts together: S3 does so only once, and reading the result takes long.
    if (partSizes) checkSize(partSizes.reduce((sum, bytes) => sum + bytes, 0))
    const completed = await direct.completeParts(storageKey, partsId, parts)
    checkSize(completed)
    return await receiptOfStored(deps, { storageKey, size: completed, partSizes, lease: undefined })
  }
  const received = new Map((await listUploadParts(deps.db, id)).map((part) => [part.number, part]))
  const chosen = parts
    .toSorted((one, other) => one.partNumber - other.partNumber)
    .map(({ partNumber, etag }) => {
      const part = received.get(partNumber)
      if (!part || withoutQuotes(etagOf(part.md5)) !== withoutQuotes(etag))
        throw partsInvalid(`part ${partNumber} was not received, or has another ETag`)
      return part
    })
  if (chosen.length === 0) throw partsInvalid('no part is named')
  const declaredBytes = chosen.reduce((sum, part) => sum + part.size, 0)
  if (size !== null && declaredBytes !== size)
    throw partsInvalid(`all parts together have ${declaredBytes} bytes, not the ${size} that were announced`)
  return await receiveBytes(deps, bytesOf(deps, chosen), { sha512: false, declaredBytes, maxBytes })
}

/**
 * The sizes of these parts in bytes, in the order of their numbers; undefined when S3 has put them together before, or has not
 * received all of them.
 */
async function sizesOf(
  { direct, key, partsId }: Extract<PartsLocation, { in: 'storage' }>,
  parts: readonly NamedPart[],
): Promise<number[] | undefined> {
  const received = await direct.listParts(key, partsId).catch((error: unknown) => {
    if (hasCode(error, 'upload-not-found')) return []
    throw error
  })
  const numbers = new Set(parts.map(({ partNumber }) => partNumber))
  const sizes = received.flatMap(({ partNumber, size }) => (numbers.has(partNumber) ? [size] : []))
  return sizes.length > 0 && sizes.length === numbers.size ? sizes : undefined
}

/** An entity tag without its quotes. */
export const withoutQuotes = (etag: string) => etag.replaceAll('"', '')

/** The bytes of all parts, one after the other, each block compared with its CRC-32. Throws `parts-invalid`. */
async function* bytesOf({ storage }: Deps, parts: readonly UploadPart[]) {
  for (const { number, storageKey, size, blockCrc32 } of parts) {
    if (size === 0) continue
    try {
      const blocks = storage.read(storageKey, { first: 0, last: size - 1 }, blockBytes)
      let index = 0
      for await (const block of blocks) {
        if (blockCrc32 && !matchesCheck(block, blockCrc32, index))
          throw partsInvalid(`part ${number} is damaged and has to be sent again`)
        index += 1
        yield Buffer.from(block) // a copy: the storage overwrites its buffer
      }
    } catch (error) {
      throw hasCode(error, 'file-not-found') ? partsInvalid(`part ${number} does not exist any more`) : error
    }
  }
}
