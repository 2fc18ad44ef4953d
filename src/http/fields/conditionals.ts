import type { IncomingHttpHeaders } from 'node:http'
import { preconditionFailed } from '../../errors/requests.ts'

/**
 * The validators of a resource (RFC 9110, 8.8): a strong entity tag in quotes and, if clients are told, the time of the
 * last change.
 */
export interface Validators {
  readonly etag: string
  readonly lastModified?: Date
}

/**
 * Evaluates the conditions of a GET or HEAD in the order of RFC 9110, 13.2.2. True means that the client's copy is current
 * (304). Throws `precondition-failed`.
 */
export function isNotModified(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const ifMatch = headers['if-match']
  const changedAt = lastModified && toSeconds(lastModified)
  if (ifMatch !== undefined) {
    if (!matchesEtag(ifMatch, etag, 'strong')) throw preconditionFailed('If-Match')
  } else if (isAfter(changedAt, parseHttpDate(headers['if-unmodified-since']))) {
    throw preconditionFailed('If-Unmodified-Since')
  }
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined) return matchesEtag(ifNoneMatch, etag, 'weak')
  const ifModifiedSince = parseHttpDate(headers['if-modified-since'])
  return changedAt !== undefined && ifModifiedSince !== undefined && changedAt <= ifModifiedSince
}

/**
 * Whether If-Range lets the Range of the request apply (RFC 9110, 13.1.5): its entity tag matches strongly, or its date is
 * exactly the time of the last change. True without If-Range.
 */
export function rangeApplies(ifRange: string | undefined, { etag, lastModified }: Validators): boolean {
  if (ifRange === undefined) return true
  if (/^(W\/)?"/.test(ifRange)) return ifRange.trim() === etag
  return lastModified !== undefined && parseHttpDate(ifRange) === toSeconds(lastModified)
}

/** Whether the value of If-Match or If-None-Match names this entity tag. `*` names every entity tag. */
export function matchesEtag(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true
  const tags = header.match(/(W\/)?"[^"]*"/g) ?? []
  return tags.some((tag) => (comparison === 'weak' && tag.startsWith('W/') ? tag.slice(2) : tag) === etag)
}

const isAfter = (time: number | undefined, other: number | undefined) =>
  time !== undefined && other !== undefined && time > other

const toSeconds = (date: Date) => Math.floor(date.getTime() / 1000)

/** The three forms of an HTTP date. The last form has no zone and means GMT. */
const HTTP_DATE =
  /^([A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d [\d:]{8} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})$/

/** Seconds since 1970 of an HTTP date (RFC 9110, 5.6.7). Undefined for other text, whose condition is then ignored. */
function parseHttpDate(text: string | undefined): number | undefined {
  if (text === undefined || !HTTP_DATE.test(text)) return undefined
  const date = new Date(text.endsWith('GMT') ? text : `${text} GMT`)
  // `Date` takes February 30 for a day of March.
  const sameDay = date.getUTCDate() === Number(/\d+/.exec(text)?.[0])
  return sameDay ? toSeconds(date) : undefined
}
