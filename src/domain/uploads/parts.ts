import { listUploadParts, putUploadPart } from '../../database/rows/uploadParts.ts'
import { deletePendingUpload, setS3UploadId } from '../../database/rows/uploads.ts'
import type { Deps } from '../../deps.ts'
import { fileTooLarge, hasCode, uploadNotFound, uploadTaken } from '../../errors.ts'
import type { Receipt } from '../../model/blob.ts'
import type { UploadPart, UploadRecord } from '../../model/upload.ts'
import type { SentPart } from '../../storage/directAccess.ts'
import { newStorageKey } from '../../storage/storageKey.ts'
import { mostBytes } from '../buckets/bucketRules.ts'
import { giveUp } from '../storing/lease.ts'
import { type Announcement, insertAnnounced } from './announceUpload.ts'
import { requireUpload } from './findUpload.ts'

/** Announces a file that comes in parts. On S3 they go straight to its final key, which nobody can write to once they are put together. */
export async function beginParts(deps: Deps, announcement: Announcement): Promise<UploadRecord> {
  const { direct } = deps.storage
  const storageKey = direct ? newStorageKey() : null
  const upload = await insertAnnounced(deps, announcement, { parts: true, storageKey })
  if (direct && storageKey !== null) {
    try {
      const s3UploadId = await direct.beginParts(storageKey, { mediaType: undefined })
      await setS3UploadId(deps.db, upload.id, s3UploadId)
    } catch (error) {
      await deletePendingUpload(deps.db, upload.id).catch(() => {}) // it expires
      throw error
    }
  }
  return upload
}

/**
 * An upload in parts that has not expired, complete or not. Throws `upload-not-found`, for one whose parts are in an S3 that
 * is not used any more, too.
 */
export async function requireParts(deps: Deps, id: string): Promise<UploadRecord> {
  const upload = await requireUpload(deps, id).catch((error: unknown) => {
    throw hasCode(error, 'file-not-found') ? uploadNotFound() : error
  })
  const lost = upload.s3UploadId !== null && upload.expiresAt !== null && !deps.storage.direct
  if (!upload.parts || lost) throw uploadNotFound()
  return upload
}

/**
 * URLs to PUT parts with, or targets of the service, by their numbers, and how long all of them may be used. Throws
 * `upload-not-found`, `upload-taken` once it is complete.
 */
export async function signParts(
  deps: Deps,
  id: string,
  numbers: readonly number[],
): Promise<{ urls: ReadonlyMap<number, string>; seconds: number }> {
  const { storageKey, s3UploadId, expiresAt } = await requireParts(deps, id)
  if (expiresAt === null) throw uploadTaken()
  const left = Math.max(1, Math.floor(expiresAt.getTime() / 1000 - deps.clock.now()))
  let seconds = Math.min(deps.config.http.linkSeconds, left)
  const { direct } = deps.storage
  const urls = new Map<number, string>()
  for (const number of numbers) {
    if (direct && storageKey !== null && s3UploadId !== null) {
      const signed = await direct.signPart(storageKey, s3UploadId, number, seconds)
      seconds = signed.seconds
      urls.set(number, signed.url)
    } else urls.set(number, deps.links.sign('PUT', `/direct/${id}/parts/${number}`, {}, seconds).target)
  }
  return { urls, seconds }
}

/**
 * Makes received bytes a part. Throws `upload-not-found`, and `file-too-large` when all parts together are more than was
 * announced or may come; bytes that are not used are in the trash.
 */
export async function storePart(
  deps: Deps,
  id: string,
  partNumber: number,
  receipt: Receipt,
): Promise<UploadPart> {
  const { storageKey, size, digests, blockCrc32, lease } = receipt
  const part = { number: partNumber, storageKey, size, md5: digests.md5, blockCrc32 }
  try {
    const most = await mostBytesOf(deps, await requireParts(deps, id))
    const outcome = await putUploadPart(deps.db, id, part, most)
    if (outcome === 'too large') throw fileTooLarge(most)
    if (outcome === 'gone') throw uploadNotFound()
    return part
  } catch (error) {
    await giveUp(deps, receipt)
    throw error
  } finally {
    lease?.end()
  }
}

/** How many bytes an upload may have, all parts together. */
export async function mostBytesOf(
  { config: { limits }, rulesOfBuckets }: Deps,
  { bucket, size }: UploadRecord,
): Promise<number> {
  return Math.min(
    size ?? Number.POSITIVE_INFINITY,
    mostBytes({ limits, rules: await rulesOfBuckets.find(bucket) }),
  )
}

/** The parts that are there, by their numbers. Throws `upload-not-found`. */
export async function listParts(deps: Deps, id: string): Promise<readonly SentPart[]> {
  const { storageKey, s3UploadId } = await requireParts(deps, id)
  const { direct } = deps.storage
  if (direct && storageKey !== null && s3UploadId !== null)
    return await direct.listParts(storageKey, s3UploadId)
  const parts = await listUploadParts(deps.db, id)
  return parts.map(({ number, size, md5 }) => ({ partNumber: number, size, etag: etagOf(md5) }))
}

/** The entity tag of a part, as S3 makes them. */
export const etagOf = (md5: Buffer): string => `"${md5.toString('hex')}"`

/** Gives an upload in parts up. Throws `upload-not-found`; what is complete stays. */
export async function abortParts(deps: Deps, id: string): Promise<void> {
  if (!(await deletePendingUpload(deps.db, id))) throw uploadNotFound()
}
