import { createHash } from 'node:crypto'
import { asked } from '../../database/failures.ts'
import type { FileRecord } from '../../database/fileRecord.ts'
import { listUploadParts, type UploadPart } from '../../database/uploadParts.ts'
import type { UploadRecord } from '../../database/uploads.ts'
import { hasCode, partsInvalid, uploadNotFound } from '../../errors.ts'
import { blockBytes, type Receipt } from '../receipt.ts'
import { abandon, createLease, receiveBytes } from '../receiveBytes.ts'
import { commitUpload } from './commitUpload.ts'
import { receiptOfStored } from './storedReceipt.ts'
import { settledFileOf } from './uploadedFile.ts'
import { abortParts, etagOf, mostBytesOf, type PartDeps, requireParts } from './uploadParts.ts'
import { once } from './verifyUpload.ts'

export interface NamedPart {
  readonly partNumber: number
  /** With or without its quotes. */
  readonly etag: string
}

/**
 * Puts parts together and makes them the file that was announced; done before, it returns that file. Throws
 * `upload-not-found`, `parts-invalid`, and what `commitUpload` throws; an upload that is refused then has ended.
 */
export function completeParts(deps: PartDeps, id: string, parts: readonly NamedPart[]): Promise<FileRecord> {
  const key = createHash('sha256')
    .update(JSON.stringify([id, parts]))
    .digest('hex')
  return once(deps.verifications, key, () => complete(deps, id, parts))
}

async function complete(deps: PartDeps, id: string, parts: readonly NamedPart[]): Promise<FileRecord> {
  const upload = await requireParts(deps, id)
  if (upload.expiresAt === null) return (await settledFileOf(deps, upload)) ?? gone()
  if (new Set(parts.map(({ partNumber }) => partNumber)).size < parts.length)
    throw partsInvalid('one of them is named twice')
  // Its key has its intent until the upload expires, and what is put together in S3 cannot be put together again.
  const inPlace = isInPlace(deps, upload)
  const lease = createLease(deps)
  let receipt: Receipt | undefined
  try {
    receipt = await receive(deps, upload, parts, lease)
    return await commitUpload(deps, upload, receipt, { repeatable: inPlace })
  } catch (error) {
    if (receipt && !inPlace) await abandon(deps, receipt.storageKey)
    // Another process may have been quicker, and have committed the very bytes.
    if (hasCode(error, 'upload-taken') || hasCode(error, 'upload-fenced'))
      return (await settledFileOf(deps, upload)) ?? fail(error)
    if (hasCode(error, 'parts-invalid')) await requireParts(deps, id) // they are, too, when it was given up meanwhile
    // What is put together in S3 cannot be added to.
    if (inPlace && REFUSALS.some((code) => hasCode(error, code))) await abortParts(deps, id).catch(() => {}) // another process was quicker, or it expires
    throw error
  } finally {
    lease.end()
  }
}

function fail(error: unknown): never {
  throw hasCode(error, 'upload-taken') ? uploadNotFound() : error
}

const REFUSALS = [
  'size-mismatch',
  'digest-mismatch',
  'type-mismatch',
  'type-not-allowed',
  'file-too-large',
] as const

function gone(): never {
  throw uploadNotFound()
}

/** Whether the parts were sent to where the file will be. */
const isInPlace = ({ storage }: PartDeps, { storageKey, s3UploadId }: UploadRecord) =>
  storage.direct !== undefined && storageKey !== null && s3UploadId !== null

async function receive(
  deps: PartDeps,
  upload: UploadRecord,
  parts: readonly NamedPart[],
  lease: ReturnType<typeof createLease>,
): Promise<Receipt> {
  const { id, size, storageKey, s3UploadId } = upload
  const { direct } = deps.storage
  if (direct && storageKey !== null && s3UploadId !== null) {
    const completed = await direct.completeParts(storageKey, s3UploadId, parts)
    return await receiptOfStored(deps, storageKey, completed, () => {})
  }
  const there = new Map((await asked(() => listUploadParts(deps.db, id))).map((part) => [part.number, part]))
  const wanted = parts
    .toSorted((one, other) => one.partNumber - other.partNumber)
    .map(({ partNumber, etag }) => {
      const part = there.get(partNumber)
      if (!part || etagOf(part.md5).replaceAll('"', '') !== etag.replaceAll('"', ''))
        throw partsInvalid(`part ${partNumber} is not the one that is there`)
      return part
    })
  if (wanted.length === 0) throw partsInvalid('there are none')
  const declaredBytes = wanted.reduce((sum, part) => sum + part.size, 0)
  if (size !== null && declaredBytes !== size)
    throw partsInvalid(`together they have ${declaredBytes} bytes, not the ${size} that were announced`)
  const maxBytes = await mostBytesOf(deps, upload)
  return await receiveBytes(deps, bytesOf(deps, wanted), { sha512: false, declaredBytes, maxBytes, lease })
}

async function* bytesOf({ storage }: PartDeps, parts: readonly UploadPart[]) {
  for (const { number, storageKey, size } of parts) {
    if (size === 0) continue
    try {
      const blocks = storage.read(storageKey, { first: 0, last: size - 1 }, blockBytes)
      for await (const block of blocks) yield Buffer.from(block) // the storage uses its buffer again
    } catch (error) {
      throw hasCode(error, 'file-not-found') ? partsInvalid(`part ${number} is not there any more`) : error
    }
  }
}
