import { create } from 'content-disposition'
import type { FileRecord } from '../database/fileRecord.ts'
import { toDigestField } from '../domain/digests.ts'
import { toDownloadName } from '../domain/fileNames.ts'

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

type Disposition = 'inline' | 'attachment'

/**
 * What an answer without bytes tells a cache about those it has (RFC 9110, 15.4.5): name and type may have changed since.
 * The client's wish to see the file inline is granted if it is safe (RFC 6266).
 */
export function cacheHeaders(file: FileRecord, wish: Disposition): Record<string, string> {
  const inline = wish === 'inline' && INLINE.test(file.mediaType)
  return {
    ...safeHeaders,
    'Cache-Control': 'private, no-cache',
    ETag: contentEtag(file),
    'Last-Modified': file.storedAt.toUTCString(),
    'Content-Type': contentType(file.mediaType),
    'Content-Disposition': create(toDownloadName(file.name), { type: inline ? 'inline' : 'attachment' }),
  }
}

/** The headers of a download, whole or in part (RFC 9110, RFC 9530). */
export const fileHeaders = (file: FileRecord, wish: Disposition): Record<string, string> => ({
  ...cacheHeaders(file, wish),
  'Accept-Ranges': 'bytes',
  'Repr-Digest': toDigestField(file.hash),
})

/** A script is sent as the text it is, so that no browser runs it. */
function contentType(mediaType: string): string {
  const type = SCRIPT.test(mediaType) ? 'text/plain' : mediaType
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

/** The strong entity tag of a file's bytes. */
export const contentEtag = ({ hash }: FileRecord): string => `"${hash}"`
