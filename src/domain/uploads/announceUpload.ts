import { randomUUID } from 'node:crypto'
import { insertUpload } from '../../database/rows/uploads.ts'
import type { Deps } from '../../deps.ts'
import { fileTooLarge, typeNotAllowed } from '../../errors/files.ts'
import type { StorageKey } from '../../model/blob.ts'
import type { UploadRecord } from '../../model/upload.ts'
import type { SignedRequest } from '../../storage/directAccess.ts'
import { newStorageKey } from '../../storage/storageKey.ts'
import { insistOnSize, limitsOf } from '../buckets/bucketRules.ts'
import { signLink } from '../files/links.ts'
import { mayBeAllowed } from '../values/declaredTypes.ts'
import { toFileName } from '../values/fileNames.ts'

/** A file that a client is going to send. */
export interface Announcement {
  readonly bucket: string
  readonly name: string
  /** A media type, or the family `image` or `video`. */
  readonly declaredType: string
  /** Bytes, if they are known. */
  readonly size: number | undefined
  readonly sha256: Buffer | undefined
  readonly metadata: Readonly<Record<string, unknown>>
}

/** What S3 takes in one request; the same everywhere, so that a client need not know where it sends to. */
export const maxRequestBytes = 5 * 2 ** 30

export interface AnnouncedUpload {
  readonly upload: UploadRecord
  readonly request: SignedRequest
  /** Until when the request may be begun. */
  readonly expiresAt: Date
}

/**
 * Announces a file and signs the one request that brings it: to the storage where clients can reach it, else to the service,
 * as a target without a host. Throws `file-too-large`, `type-not-allowed`, `storage-unavailable`.
 */
export async function announceUpload(
  deps: Deps,
  announcement: Announcement & { readonly size: number },
  method: 'POST' | 'PUT',
): Promise<AnnouncedUpload> {
  if (announcement.size > maxRequestBytes) throw fileTooLarge(maxRequestBytes)
  const { direct } = deps.storage
  const storageKey = direct ? stagingKey() : null
  const upload = await insertAnnounced(deps, announcement, { parts: false, storageKey })
  const seconds = requestSeconds(deps)
  const { declaredType, size, sha256 } = announcement
  // Signed in any case: what is not said is added by one client or another, and refused by one server or another.
  const mediaType = declaredType.includes('/') ? declaredType : 'application/octet-stream'
  if (direct && storageKey !== null) {
    const options = { seconds, size, mediaType, sha256: sha256?.toString('hex') }
    const request = await (method === 'PUT' ? direct.signPut : direct.signPost)(storageKey, options)
    return { upload, request, expiresAt: new Date((deps.clock.now() + request.seconds) * 1000) }
  }
  return toService(deps, upload, method, mediaType)
}

/**
 * Announces a file that comes to the service in a form, wherever files are kept: for clients that neither know how large it
 * is nor say when it has come. Throws what `announceUpload` throws.
 */
export async function announceForm(deps: Deps, announcement: Announcement): Promise<AnnouncedUpload> {
  const upload = await insertAnnounced(deps, announcement, { parts: false, storageKey: null })
  return toService(deps, upload, 'POST', announcement.declaredType)
}

function toService(
  deps: Deps,
  upload: UploadRecord,
  method: 'POST' | 'PUT',
  mediaType: string,
): AnnouncedUpload {
  const seconds = requestSeconds(deps)
  const { target, expiresAt } = signLink(deps, { method, path: `/direct/${upload.id}`, query: {}, seconds })
  const headers: Record<string, string> = method === 'PUT' ? { 'Content-Type': mediaType } : {}
  const fields: Record<string, string> = method === 'POST' ? { key: upload.id } : {}
  return { upload, request: { method, url: target, seconds, headers, fields }, expiresAt }
}

/** How long the request may be begun; what was announced must not expire before. */
const requestSeconds = ({ config: { http, protocol } }: Deps): number =>
  Math.min(http.linkSeconds, protocol.uploadSeconds)

/**
 * Checks an announced file against the limits of its bucket, and inserts the upload. Throws `file-too-large`,
 * `type-not-allowed`, and `storage-unavailable` for a storage that takes no new bytes.
 */
export async function insertAnnounced(
  deps: Deps,
  { bucket, name, declaredType, size, sha256, metadata }: Announcement,
  { parts, storageKey }: { parts: boolean; storageKey: StorageKey | null },
): Promise<UploadRecord> {
  // A type without a size is a browser's guess: the received bytes are checked instead.
  if (size !== undefined) {
    const limits = await limitsOf(deps, bucket)
    insistOnSize(limits, size)
    if (!limits.allowedTypes.every((allowed) => mayBeAllowed(allowed, declaredType)))
      throw typeNotAllowed(declaredType)
  }
  const upload = {
    ...{ id: randomUUID(), bucket, name: toFileName(name), declaredType, metadata, parts, storageKey },
    ...{ size: size ?? null, sha256: sha256 ?? null, partsId: null },
  }
  const expiresInSeconds = deps.config.protocol.uploadSeconds
  return await insertUpload(deps.db, upload, { storageId: deps.storageId, expiresInSeconds })
}

/** A storage key that a client writes to itself, and whose bytes are never used as they are. */
const stagingKey = (): StorageKey => `staging/${newStorageKey()}`
