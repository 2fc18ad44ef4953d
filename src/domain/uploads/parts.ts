import { deletePendingUpload } from '../../database/rows/uploadEnds.ts'
import { listUploadParts, putUploadPart } from '../../database/rows/uploadParts.ts'
import { setPartsId } from '../../database/rows/uploads.ts'
import type { Deps } from '../../deps.ts'
import { fileTooLarge } from '../../errors/files.ts'
import { uploadNotFound, uploadTaken } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import type { Actor } from '../../model/actor.ts'
import type { Receipt, StorageKey } from '../../model/blob.ts'
import type { UploadPart, UploadRecord } from '../../model/upload.ts'
import type { DirectAccess, SentPart } from '../../storage/directAccess.ts'
import { newStorageKey } from '../../storage/storageKey.ts'
import { limitsOf } from '../buckets/bucketRules.ts'
import { signLink } from '../files/links.ts'
import { giveUp } from '../storing/lease.ts'
import { type Announcement, insertAnnounced } from './announceUpload.ts'
import { requireUpload } from './findUpload.ts'
import { roomSetter } from './uploadRoom.ts'

/** The place of the parts of an upload: the storage, under the final key of the file, or the service. */
export type PartsLocation =
  | {
      readonly in: 'storage'
      readonly direct: DirectAccess
      readonly key: StorageKey
      readonly partsId: string
    }
  | { readonly in: 'service' }

/** An upload whose client sends it in parts. */
export interface UploadInParts {
  readonly upload: UploadRecord
  readonly location: PartsLocation
}

/**
 * Announces a file that comes in parts. Clients send the parts to S3 under the final key of the file, if they can reach S3; no
 * client can write to that key after the parts are put together. Throws what `insertAnnounced` throws.
 */
export async function beginParts(
  deps: Deps,
  actor: Actor,
  announcement: Announcement,
): Promise<UploadRecord> {
  const { direct } = deps.storage
  const storageKey = direct ? newStorageKey() : null
  const upload = await insertAnnounced(deps, actor, announcement, { parts: true, storageKey })
  if (direct && storageKey !== null) {
    try {
      await setPartsId(deps.db, upload.id, await direct.beginParts(storageKey))
    } catch (error) {
      await deletePendingUpload(deps.db, upload.id).catch(() => {}) // an upload that cannot be deleted now expires
      throw error
    }
  }
  return upload
}

/**
 * The upload of this id that the actor reaches, complete or not, with the place of its parts. Throws `upload-not-found` for an
 * upload that expired, that has no parts, or whose parts are in an S3 that the service does not use any more.
 */
export async function requireParts(deps: Deps, actor: Actor, id: string): Promise<UploadInParts> {
  const upload = await requireReached(deps, actor, id)
  const { storageKey: key, partsId, expiresAt } = upload
  const { direct } = deps.storage
  const lost = partsId !== null && expiresAt !== null && !direct
  if (!upload.parts || lost) throw uploadNotFound()
  const inStorage = direct && key !== null && partsId !== null
  return { upload, location: inStorage ? { in: 'storage', direct, key, partsId } : { in: 'service' } }
}

/**
 * Signs one URL for each part number, to PUT the part to S3 or to the service (without a host). All of them are valid for
 * `seconds`. Throws `upload-not-found`, and `upload-taken` after the upload was completed.
 */
export async function signParts(
  deps: Deps,
  actor: Actor,
  id: string,
  numbers: readonly number[],
): Promise<{ urls: ReadonlyMap<number, string>; seconds: number }> {
  const { upload, location } = await requireParts(deps, actor, id)
  const { expiresAt } = upload
  if (expiresAt === null) throw uploadTaken()
  const secondsLeft = Math.max(1, Math.floor(Date.parse(expiresAt) / 1000 - deps.clock.now()))
  let seconds = Math.min(deps.config.http.linkSeconds, secondsLeft)
  const urls = new Map<number, string>()
  for (const number of numbers) {
    if (location.in === 'storage') {
      const { direct, key, partsId } = location
      const signed = await direct.signPart(key, partsId, number, seconds)
      seconds = signed.seconds
      urls.set(number, signed.url)
    } else {
      const path = `/direct/${id}/parts/${number}`
      urls.set(number, signLink(deps, actor, { method: 'PUT', path, query: {}, seconds }).target)
    }
  }
  return { urls, seconds }
}

/**
 * Makes bytes that came by a link a part of an upload. Throws `upload-not-found`, `quota-exceeded`, and `file-too-large` when all
 * parts together have more bytes than announced or allowed; unused bytes are then in the trash.
 */
export async function storePart(
  deps: Deps,
  actor: Actor,
  id: string,
  partNumber: number,
  receipt: Receipt,
): Promise<UploadPart> {
  const { storageKey, size, digests, blockCrc32, lease, room } = receipt
  const part = { number: partNumber, storageKey, size, md5: digests.md5, blockCrc32 }
  try {
    const { upload } = await requireParts(deps, actor, id)
    const maxBytes = await maxBytesOf(deps, upload)
    const takeRoom = await roomSetter(deps, upload, room)
    const outcome = await putUploadPart(deps.db, id, part, { maxBytes, takeRoom })
    if (outcome === 'too large') throw fileTooLarge(maxBytes)
    if (outcome === 'gone') throw uploadNotFound()
    deps.sweeper.soon(outcome)
    return part
  } catch (error) {
    await giveUp(deps, receipt)
    throw error
  } finally {
    lease?.end()
  }
}

/** The largest number of bytes that all parts of an upload may have together. */
export async function maxBytesOf(deps: Deps, { bucket, size }: UploadRecord): Promise<number> {
  const { maxBytes } = await limitsOf(deps, bucket)
  return Math.min(size ?? maxBytes, maxBytes)
}

/** The received parts, in the order of their numbers. Throws `upload-not-found`. */
export async function listParts(deps: Deps, actor: Actor, id: string): Promise<readonly SentPart[]> {
  const { location } = await requireParts(deps, actor, id)
  if (location.in === 'storage') return await location.direct.listParts(location.key, location.partsId)
  const parts = await listUploadParts(deps.db, id)
  return parts.map(({ number, size, md5 }) => ({ partNumber: number, size, etag: etagOf(md5) }))
}

/** The entity tag of a part in the form of S3: its MD5 in quotes. */
export const etagOf = (md5: Buffer): string => `"${md5.toString('hex')}"`

/** Deletes a pending upload and its parts. Throws `upload-not-found`, also for an upload that is complete or not in parts. */
export async function abortParts(deps: Deps, actor: Actor, id: string): Promise<void> {
  await requireReached(deps, actor, id)
  const parts = await deletePendingUpload(deps.db, id)
  if (!parts) throw uploadNotFound()
  deps.sweeper.soon(parts)
}

/** Throws `upload-not-found`. */
const requireReached = (deps: Deps, actor: Actor, id: string): Promise<UploadRecord> =>
  requireUpload(deps, actor, id).catch((error: unknown) => {
    throw hasCode(error, 'file-not-found') ? uploadNotFound() : error
  })
