import { randomUUID } from 'node:crypto'
import { insertUpload } from '../../database/rows/uploads.ts'
import type { Deps } from '../../deps.ts'
import { fileTooLarge, typeNotAllowed } from '../../errors/files.ts'
import type { Actor } from '../../model/actor.ts'
import type { StorageKey } from '../../model/blob.ts'
import type { UploadRecord } from '../../model/upload.ts'
import type { SignedRequest } from '../../storage/directAccess.ts'
import { newStorageKey } from '../../storage/storageKey.ts'
import { insistOnRule } from '../access/insist.ts'
import { toStoredName } from '../access/storedName.ts'
import { insistOnSize, limitsOf } from '../buckets/bucketRules.ts'
import { insistOnBucket } from '../buckets/buckets.ts'
import { signLink } from '../files/links.ts'
import { mayBeAllowed } from '../values/declaredTypes.ts'

/** A file that a client is going to send. */
export interface Announcement {
  readonly bucket: string
  readonly name: string
  /** A media type, or the family `image` or `video`. */
  readonly declaredType: string
  /** Bytes; undefined when the client does not know. */
  readonly size: number | undefined
  readonly sha256: Buffer | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  readonly owner: string | undefined
}

/** The largest body of one upload request, in bytes: the limit of S3, and of the service too, so that clients see only one. */
export const maxRequestBytes = 5 * 2 ** 30

/** An upload, and the signed request that brings its bytes. */
export interface AnnouncedUpload {
  readonly upload: UploadRecord
  readonly request: SignedRequest
  /** The client has to begin the request before. */
  readonly expiresAt: Date
}

/**
 * Announces a file and signs the request that brings its bytes: a URL of the storage if clients can reach it, else a target of
 * the service without a host. Throws `file-too-large`, `quota-exceeded`, `type-not-allowed`, `storage-unavailable`.
 */
export async function announceUpload(
  deps: Deps,
  actor: Actor,
  announcement: Announcement & { readonly size: number },
  method: 'POST' | 'PUT',
): Promise<AnnouncedUpload> {
  if (announcement.size > maxRequestBytes) throw fileTooLarge(maxRequestBytes)
  const { direct } = deps.storage
  const storageKey = direct ? stagingKey() : null
  const upload = await insertAnnounced(deps, actor, announcement, { parts: false, storageKey })
  const seconds = requestSeconds(deps)
  const { declaredType, size, sha256 } = announcement
  // Always sign a Content-Type: some clients add one of their own, and some servers then refuse the signature.
  const mediaType = declaredType.includes('/') ? declaredType : 'application/octet-stream'
  if (direct && storageKey !== null) {
    const options = { seconds, size, mediaType, sha256: sha256?.toString('hex') }
    const request = await (method === 'PUT' ? direct.signPut : direct.signPost)(storageKey, options)
    return { upload, request, expiresAt: new Date((deps.clock.now() + request.seconds) * 1000) }
  }
  return signToService(deps, actor, upload, { method, mediaType })
}

/**
 * Announces a file that the client sends to the service in a form, with every kind of storage: for clients that know no size
 * and do not confirm the upload. Throws what `announceUpload` throws.
 */
export async function announceForm(
  deps: Deps,
  actor: Actor,
  announcement: Announcement,
): Promise<AnnouncedUpload> {
  const upload = await insertAnnounced(deps, actor, announcement, { parts: false, storageKey: null })
  return signToService(deps, actor, upload, { method: 'POST', mediaType: announcement.declaredType })
}

function signToService(
  deps: Deps,
  actor: Actor,
  upload: UploadRecord,
  { method, mediaType }: { readonly method: 'POST' | 'PUT'; readonly mediaType: string },
): AnnouncedUpload {
  const seconds = requestSeconds(deps)
  const query: Record<string, string> = method === 'PUT' ? { content_type: mediaType } : {}
  const { target, expiresAt } = signLink(deps, actor, {
    method,
    path: `/direct/${upload.id}`,
    query,
    seconds,
  })
  const headers: Record<string, string> = method === 'PUT' ? { 'Content-Type': mediaType } : {}
  const fields: Record<string, string> = method === 'POST' ? { key: upload.id } : {}
  return { upload, request: { method, url: target, seconds, headers, fields }, expiresAt }
}

/** Seconds in which the client may begin the request; not more than the lifetime of an upload. */
const requestSeconds = ({ config: { http, protocol } }: Deps): number =>
  Math.min(http.linkSeconds, protocol.uploadSeconds)

/**
 * Checks an announced file against the limits of its bucket, and inserts the upload, which has the room of the file as long as it
 * lasts. Throws what `insistOn` throws, `bucket-not-found`, `file-too-large`, `quota-exceeded`, `type-not-allowed`, and
 * `storage-unavailable` for a storage that takes no new bytes.
 */
export async function insertAnnounced(
  deps: Deps,
  actor: Actor,
  { bucket, name: text, declaredType, size, sha256, metadata, owner = actor.reach.owner }: Announcement,
  { parts, storageKey }: { parts: boolean; storageKey: StorageKey | null },
): Promise<UploadRecord> {
  const name = toStoredName(actor, text, '/filename')
  await insistOnRule(deps, actor, 'write', { bucket, name, owner })
  await insistOnBucket(deps, actor, bucket)
  const limits = await limitsOf(deps, bucket)
  // A type without a size is a browser's guess: the received bytes are checked instead.
  if (size !== undefined) {
    insistOnSize(limits, size)
    if (!limits.allowedTypes.every((allowed) => mayBeAllowed(allowed, declaredType, text)))
      throw typeNotAllowed(declaredType)
  }
  const upload = {
    ...{ id: randomUUID(), bucket, name, declaredType, metadata, parts, storageKey },
    ...{
      size: size ?? null,
      sha256: sha256 ?? null,
      partsId: null,
      owner: owner ?? null,
      createdBy: actor.name,
    },
  }
  const expiresInSeconds = deps.config.protocol.uploadSeconds
  const { subjects } = limits
  return await insertUpload(deps.db, upload, { storageId: deps.storageId, expiresInSeconds, subjects })
}

/** A storage key for bytes that a client writes; the service copies them to another key before it uses them. */
const stagingKey = (): StorageKey => `staging/${newStorageKey()}`
