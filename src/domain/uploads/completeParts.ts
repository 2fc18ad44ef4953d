import { createHash } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import { partsInvalid, uploadNotFound } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import type { Receipt } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import { giveUp } from '../storing/lease.ts'
import { commitUpload } from './commitUpload.ts'
import { findDurableFile } from './findUpload.ts'
import { abortParts, requireParts } from './parts.ts'
import { type NamedPart, receiveParts, withoutQuotes } from './receiveParts.ts'
import { singleFlight } from './singleFlight.ts'

/**
 * Puts the parts of an upload together, and makes them its file. Returns the file of an upload that was completed before. Throws
 * `upload-not-found`, `parts-invalid`, and what `commitUpload` throws. After a refusal, the upload has ended if its parts
 * are in S3.
 */
export function completeParts(deps: Deps, id: string, parts: readonly NamedPart[]): Promise<FileRecord> {
  const partsKey = parts.map(({ partNumber, etag }) => [partNumber, withoutQuotes(etag)])
  const key = createHash('sha256')
    .update(JSON.stringify([id, partsKey]))
    .digest('hex')
  return singleFlight(deps.verifications, key, () => complete(deps, id, parts))
}

async function complete(deps: Deps, id: string, parts: readonly NamedPart[]): Promise<FileRecord> {
  const found = await requireParts(deps, id)
  const { upload, location } = found
  if (upload.expiresAt === null) {
    const file = await findDurableFile(deps, upload)
    if (!file) throw uploadNotFound()
    return file
  }
  if (new Set(parts.map(({ partNumber }) => partNumber)).size < parts.length)
    throw partsInvalid('a part is named twice')
  // S3 puts parts together only once, under a key whose intent lasts as long as the upload: another attempt uses that object.
  const inPlace = location.in === 'storage'
  let receipt: Receipt | undefined
  try {
    receipt = await receiveParts(deps, found, parts)
    return await commitUpload(deps, upload, receipt, { repeatable: inPlace })
  } catch (error) {
    if (receipt && !inPlace) await giveUp(deps, receipt)
    // Another process may have committed the same bytes first.
    if (hasCode(error, 'upload-taken') || hasCode(error, 'upload-fenced')) {
      const file = await findDurableFile(deps, upload)
      if (file) return file
      if (hasCode(error, 'upload-taken')) throw uploadNotFound()
    }
    if (hasCode(error, 'parts-invalid')) await requireParts(deps, id) // an upload that was given up meanwhile is not found
    // The object in S3 takes no more parts, so the upload ends. An upload that cannot be deleted now expires.
    if (inPlace && REFUSALS.some((code) => hasCode(error, code))) await abortParts(deps, id).catch(() => {})
    throw error
  }
}

/** The error codes of bytes that do not match the announcement or the limits of the bucket. */
const REFUSALS = [
  'size-mismatch',
  'digest-mismatch',
  'type-mismatch',
  'type-not-allowed',
  'file-too-large',
] as const
