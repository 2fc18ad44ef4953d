import { createHash } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import { partsInvalid, uploadNotFound } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import type { Receipt } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import { giveUp } from '../storing/lease.ts'
import { commitUpload } from './commitUpload.ts'
import { settledFileOf } from './findUpload.ts'
import { abortParts, requireParts } from './parts.ts'
import { type NamedPart, receiveParts, withoutQuotes } from './receiveParts.ts'
import { singleFlight } from './singleFlight.ts'

/**
 * Puts parts together and makes them the file that was announced; done before, it returns that file. Throws
 * `upload-not-found`, `parts-invalid`, and what `commitUpload` throws; an upload that is refused then has ended.
 */
export function completeParts(deps: Deps, id: string, parts: readonly NamedPart[]): Promise<FileRecord> {
  const named = parts.map(({ partNumber, etag }) => [partNumber, withoutQuotes(etag)])
  const key = createHash('sha256')
    .update(JSON.stringify([id, named]))
    .digest('hex')
  return singleFlight(deps.verifications, key, () => complete(deps, id, parts))
}

async function complete(deps: Deps, id: string, parts: readonly NamedPart[]): Promise<FileRecord> {
  const found = await requireParts(deps, id)
  const { upload, location } = found
  if (upload.expiresAt === null) return (await settledFileOf(deps, upload)) ?? gone()
  if (new Set(parts.map(({ partNumber }) => partNumber)).size < parts.length)
    throw partsInvalid('one of them is named twice')
  // Its key has its intent until the upload expires, and what is put together in S3 cannot be put together again.
  const inPlace = location.in === 'storage'
  let receipt: Receipt | undefined
  try {
    receipt = await receiveParts(deps, found, parts)
    return await commitUpload(deps, upload, receipt, { repeatable: inPlace })
  } catch (error) {
    if (receipt && !inPlace) await giveUp(deps, receipt)
    // Another process may have been quicker, and have committed the very bytes.
    if (hasCode(error, 'upload-taken') || hasCode(error, 'upload-fenced'))
      return (await settledFileOf(deps, upload)) ?? fail(error)
    if (hasCode(error, 'parts-invalid')) await requireParts(deps, id) // they are, too, when it was given up meanwhile
    // What is put together in S3 cannot be added to.
    if (inPlace && REFUSALS.some((code) => hasCode(error, code))) await abortParts(deps, id).catch(() => {}) // another process was quicker, or it expires
    throw error
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
