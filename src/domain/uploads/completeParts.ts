import type { Deps } from '../../deps.ts'
import { partsTaken, uploadNotFound } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import type { Actor } from '../../model/actor.ts'
import type { Receipt } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import type { UploadRecord } from '../../model/upload.ts'
import { giveUp } from '../storing/lease.ts'
import { commitUpload } from './commitUpload.ts'
import { findDurableFile } from './findUpload.ts'
import { abortParts, requireParts } from './parts.ts'
import { type NamedPart, type PartsList, toPartsList } from './partsList.ts'
import { receiveParts } from './receiveParts.ts'
import { singleFlight } from './singleFlight.ts'

/**
 * Puts the parts of an upload together, and makes them its file. Returns the file of an upload that the same list of parts
 * completed before. Throws `upload-taken` when another list did, or is about to, `upload-not-found`, `parts-invalid`, and what
 * `commitUpload` throws. After a refusal, the upload has ended if its parts are in S3.
 */
export async function completeParts(
  deps: Deps,
  actor: Actor,
  id: string,
  named: readonly NamedPart[],
): Promise<FileRecord> {
  const list = toPartsList(named)
  await requireParts(deps, actor, id) // each caller is judged, also one that joins the flight of another
  const key = `${id} ${list.digest.toString('hex')}`
  return await singleFlight(deps.verifications, key, () => complete(deps, actor, id, list))
}

async function complete(deps: Deps, actor: Actor, id: string, list: PartsList): Promise<FileRecord> {
  const { upload, location } = await requireParts(deps, actor, id)
  const completed = await findCompleted(deps, upload, list)
  if (completed) return completed
  // S3 puts parts together only once, under a key whose intent lasts as long as the upload: another attempt uses that object.
  const inPlace = location.in === 'storage'
  let receipt: Receipt | undefined
  try {
    receipt = await receiveParts(deps, { upload, location }, list)
    return await commitUpload(deps, { ...upload, partsDigest: list.digest }, receipt, { repeatable: inPlace })
  } catch (error) {
    if (receipt && !inPlace) await giveUp(deps, receipt)
    // Another request may have completed the upload first, or given it up.
    if (ENDED.some((code) => hasCode(error, code))) {
      const { upload: current } = await requireParts(deps, actor, id)
      const file = await findCompleted(deps, current, list)
      if (file) return file
    }
    // The object in S3 takes no more parts, so the upload ends. An upload that cannot be deleted now expires.
    if (inPlace && REFUSALS.some((code) => hasCode(error, code)))
      await abortParts(deps, actor, id).catch(() => {})
    throw error
  }
}

/**
 * The file of an upload that this list of parts completed; undefined while the upload is pending. Throws `upload-taken` when
 * the upload belongs to another list, and `upload-not-found` when its file was deleted.
 */
async function findCompleted(
  deps: Deps,
  upload: UploadRecord,
  { digest }: PartsList,
): Promise<FileRecord | undefined> {
  if (upload.partsDigest?.equals(digest) === false) throw partsTaken()
  if (upload.expiresAt !== null) return undefined
  const file = await findDurableFile(deps, upload)
  if (!file) throw uploadNotFound()
  return file
}

/** The error codes after which the upload may have ended meanwhile. */
const ENDED = ['upload-taken', 'upload-fenced', 'parts-invalid'] as const

/** The error codes of bytes that do not match the announcement or the limits of the bucket. */
const REFUSALS = [
  'size-mismatch',
  'digest-mismatch',
  'type-mismatch',
  'type-not-allowed',
  'file-too-large',
] as const
