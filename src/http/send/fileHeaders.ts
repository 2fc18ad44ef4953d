import { create } from 'content-disposition'
import { toDownloadName } from '../../domain/values/fileNames.ts'
import { canonicalType } from '../../domain/values/mediaTypeNames.ts'
import type { Visibility } from '../../model/bucket.ts'
import type { FileRecord } from '../../model/file.ts'
import { toDigestField } from '../fields/digestFields.ts'

/** The types that a browser shows without running code in them: all that may be shown inline. */
const INLINE: ReadonlySet<string> = new Set([
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/apng'],
  ...['text/plain'],
  ...['video/mp4', 'video/webm', 'video/ogg'],
  ...['audio/mpeg', 'audio/mp4', 'audio/ogg', 'audio/vnd.wave', 'audio/webm', 'audio/flac', 'audio/aac'],
])

/** Types that a page of the same origin could run as a script or register as a service worker. */
const SCRIPT = /^(text|application)\/(x-)?(java|ecma|j|live)script[\d.]*$/

export type Disposition = 'inline' | 'attachment'

/** How a client reaches a file, and how it wants to receive it. */
export interface FileDelivery {
  /** The disposition that the client prefers; `inline` is granted only to types in which a browser runs nothing. */
  readonly disposition: Disposition
  readonly visibility: Visibility
  /** Whether the client uses a signed link. */
  readonly linked?: boolean
}

/**
 * How long a cache may serve a public file without asking the service. A deletion or a new name reaches every client after
 * this time.
 */
const PUBLIC_SECONDS = 300

/**
 * The policies of every answer with bytes of a file, because the bytes come from a stranger: a browser runs no script of
 * the file and shows the file in no frame. `guardAnswer` adds another policy.
 */
export const policyHeaders = ({ visibility, linked }: FileDelivery): Record<string, string> => ({
  'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  // Pages of other sites may show public files and linked files, as with links to S3. The media type decides what the file
  // can do there.
  'Cross-Origin-Resource-Policy': visibility === 'public' || linked ? 'cross-origin' : 'same-origin',
  'Referrer-Policy': 'no-referrer',
})

/**
 * The headers of a 304, which update the copy in a cache (RFC 9110, 15.4.5): name and type of the file may have changed since.
 * `inline` is granted to safe types only (RFC 6266).
 */
export function cacheHeaders(file: FileRecord, delivery: FileDelivery): Record<string, string> {
  return {
    ...policyHeaders(delivery),
    'Cache-Control': delivery.visibility === 'public' ? cachedPublicly(file) : 'private, no-cache',
    ETag: contentEtag(file),
    'Last-Modified': new Date(file.storedAt).toUTCString(),
    'Content-Type': contentType(file.mediaType),
    'Content-Disposition': contentDisposition(file, delivery.disposition),
  }
}

/** The headers of a download, whole or in part (RFC 9110, RFC 9530). */
export const fileHeaders = (file: FileRecord, delivery: FileDelivery): Record<string, string> => ({
  ...cacheHeaders(file, delivery),
  'Accept-Ranges': 'bytes',
  'Repr-Digest': toDigestField(file.hash),
})

/** A Content-Disposition (RFC 6266). A type in which a browser could run something is never `inline`. */
export const contentDisposition = (file: FileRecord, preferred: Disposition): string =>
  create(toDownloadName(file.name), {
    type: preferred === 'inline' && INLINE.has(canonicalType(file.mediaType)) ? 'inline' : 'attachment',
  })

/** The Cache-Control of a public file: a cache drops the file when the file expires, or earlier. */
function cachedPublicly({ expiresAt }: FileRecord): string {
  const left = expiresAt
    ? Math.max(0, Math.floor((Date.parse(expiresAt) - Date.now()) / 1000))
    : PUBLIC_SECONDS
  return `public, max-age=${Math.min(left, PUBLIC_SECONDS)}`
}

/** The Content-Type of a file. A script is sent as `text/plain`, so that no browser runs it. */
export function contentType(mediaType: string): string {
  if (mediaType === 'audio/vnd.wave') return 'audio/wav' // Firefox plays it under this name only
  const type = SCRIPT.test(mediaType) ? 'text/plain' : mediaType
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

/** The strong entity tag of a file's bytes. */
export const contentEtag = ({ hash }: FileRecord): string => `"${hash}"`
