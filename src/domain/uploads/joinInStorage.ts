import { releaseParts, reserveForParts } from '../../database/rows/uploads.ts'
import type { Deps } from '../../deps.ts'
import { fileTooLarge } from '../../errors/files.ts'
import { partsTaken, sizeMismatch } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import type { Receipt } from '../../model/blob.ts'
import type { UploadRecord } from '../../model/upload.ts'
import type { PartsLocation } from './parts.ts'
import type { NamedPart, PartsList } from './partsList.ts'
import { receiptOfStored } from './readStored.ts'
import { roomSetter } from './uploadRoom.ts'

/** An upload whose parts are in the storage. */
export interface UploadInStorage {
  readonly upload: UploadRecord
  readonly location: Extract<PartsLocation, { in: 'storage' }>
  /** The largest number of bytes that the file may have. */
  readonly maxBytes: number
}

/**
 * Lets S3 put parts together, and reads the result. S3 does so only once, and does not tell later which list of parts it took:
 * before S3 is asked, the upload is reserved for this list. Throws `upload-taken` when the upload is reserved for another list,
 * `upload-not-found`, `parts-invalid`, `size-mismatch`, `file-too-large`, `quota-exceeded`, `storage-unavailable`.
 */
export async function joinInStorage(
  deps: Deps,
  { upload, location, maxBytes }: UploadInStorage,
  { parts, digest }: PartsList,
): Promise<Receipt> {
  const { id, size } = upload
  const { direct, key: storageKey, partsId } = location
  const takeRoom = await roomSetter(deps, upload)
  const checkSize = async (bytes: number) => {
    if (size !== null && bytes !== size) throw sizeMismatch(size, bytes)
    if (bytes > maxBytes) throw fileTooLarge(maxBytes)
    if (takeRoom) await deps.db.transaction().execute((trx) => takeRoom(trx, bytes))
  }
  const partSizes = await sizesOf(location, parts)
  // Checked before S3 puts the parts together, because reading the result takes long.
  if (partSizes) await checkSize(partSizes.reduce((sum, bytes) => sum + bytes, 0))
  if (!(await reserveForParts(deps.db, id, digest))) throw partsTaken()
  const completed = await direct.completeParts(storageKey, partsId, parts).catch(async (error: unknown) => {
    // S3 has put nothing together. After any other error it may have, or may do so later.
    if (hasCode(error, 'parts-invalid')) await releaseParts(deps.db, id, digest)
    throw error
  })
  await checkSize(completed)
  return await receiptOfStored(deps, { storageKey, size: completed, partSizes, lease: undefined })
}

/**
 * The sizes of these parts in bytes, in the order of their numbers; undefined when S3 has put them together before, or has not
 * received all of them.
 */
async function sizesOf(
  { direct, key, partsId }: UploadInStorage['location'],
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
