import { create } from 'content-disposition'
import { toDownloadName } from '../../domain/values/fileNames.ts'
import type { Visibility } from '../../model/bucket.ts'
import type { FileRecord } from '../../model/file.ts'
import { toDigestField } from '../fields/digestFields.ts'

/** Types that a browser can show without running anything in them. */
const INLINE =
  /^(image\/(png|jpeg|gif|webp|avif|apng)|text\/plain|video\/(mp4|webm|ogg)|audio\/(mpeg|mp4|ogg|wav|vnd\.wave|webm|flac|x-flac|aac))$/

/** Types that a page of the same origin could run with a script tag or register as a service worker. */
const SCRIPT = /^(text|application)\/(x-)?(java|ecma|j|live)script[\d.]*$/

/** What holds for every answer that may carry bytes of a stranger: no scripts, no embedding; `forbidSniffing` adds to it. */
export const safeHeaders = {
  'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
} as const

export type Disposition = 'inline' | 'attachment'

/** How a file is to be handed out. */
export interface FileDelivery {
  /** What the client would like; it gets `inline` only for types that can do no harm. */
  readonly wish: Disposition
  readonly visibility: Visibility
  /** Whether the client came by a signed link. */
  readonly linked?: boolean
}

/** How long a cache may go without asking: what is deleted or renamed is seen by everyone after so many seconds. */
const PUBLIC_SECONDS = 300

/**
 * What an answer without bytes tells a cache about those it has (RFC 9110, 15.4.5): name and type may have changed since.
 * The client's wish to see the file inline is granted if it is safe (RFC 6266).
 */
export function cacheHeaders(
  file: FileRecord,
  { wish, visibility, linked }: FileDelivery,
): Record<string, string> {
  const isPublic = visibility === 'public'
  return {
    ...safeHeaders,
    // Pages of other sites may show what they may read, as with links straight to S3; what it can do there is up to its type.
    ...((isPublic || linked) && { 'Cross-Origin-Resource-Policy': 'cross-origin' }),
    'Cache-Control': isPublic ? cachedPublicly(file) : 'private, no-cache',
    ETag: contentEtag(file),
    'Last-Modified': file.storedAt.toUTCString(),
    'Content-Type': contentType(file.mediaType),
    'Content-Disposition': contentDisposition(file, wish),
  }
}

/** The headers of a download, whole or in part (RFC 9110, RFC 9530). */
export const fileHeaders = (file: FileRecord, delivery: FileDelivery): Record<string, string> => ({
  ...cacheHeaders(file, delivery),
  'Accept-Ranges': 'bytes',
  'Repr-Digest': toDigestField(file.hash),
})

/** RFC 6266. A type that a browser could run something in is never shown inline. */
export const contentDisposition = (file: FileRecord, wish: Disposition): string =>
  create(toDownloadName(file.name), {
    type: wish === 'inline' && INLINE.test(file.mediaType) ? 'inline' : 'attachment',
  })

/** No cache keeps a file longer than it lives. */
function cachedPublicly({ expiresAt }: FileRecord): string {
  const left = expiresAt ? Math.max(0, Math.floor((expiresAt.getTime() - Date.now()) / 1000)) : PUBLIC_SECONDS
  return `public, max-age=${Math.min(left, PUBLIC_SECONDS)}`
}

/** A script is sent as the text it is, so that no browser runs it. */
export function contentType(mediaType: string): string {
  const type = SCRIPT.test(mediaType) ? 'text/plain' : mediaType
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

/** The strong entity tag of a file's bytes. */
export const contentEtag = ({ hash }: FileRecord): string => `"${hash}"`
