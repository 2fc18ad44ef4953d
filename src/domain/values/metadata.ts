import { metadataInvalid } from '../../errors/files.ts'
import { findJsonLoss } from './jsonLosses.ts'

/** A file's metadata that `toMetadata` has checked. */
export type Metadata = Readonly<Record<string, unknown>>

const MAX_DEPTH = 16
const MAX_BYTES = 64 * 1024

/**
 * Parses metadata from JSON text, with or without a byte order mark; no text means empty metadata. Throws `metadata-invalid`,
 * also for a key or a number that the parser would change.
 */
export function parseMetadataText(sent: string | undefined): Metadata {
  const text = sent?.replace(/^\ufeff/, '')
  if (text === undefined || text === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw metadataInvalid('is not JSON')
  }
  const loss = findJsonLoss(text)
  if (loss) throw metadataInvalid(loss.detail)
  return toMetadata(value)
}

/**
 * Checks that the database can keep a value as metadata and return it unchanged: a JSON object of at most 64 KiB and 16 levels,
 * with finite numbers, well-formed text without U+0000, and no key `__proto__`. Throws `metadata-invalid`.
 */
export function toMetadata(value: unknown): Metadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw metadataInvalid('must be a JSON object')
  checkValue(value, MAX_DEPTH)
  if (Buffer.byteLength(JSON.stringify(value)) > MAX_BYTES)
    throw metadataInvalid(`may have at most ${MAX_BYTES} bytes`)
  return { ...value }
}

function checkValue(value: unknown, levels: number): void {
  if (typeof value === 'string') checkText(value)
  if (typeof value === 'number' && !Number.isFinite(value))
    throw metadataInvalid('holds a number that is too large')
  if (typeof value !== 'object' || value === null) return
  if (levels === 0) throw metadataInvalid(`is nested deeper than ${MAX_DEPTH} levels`)
  for (const [key, child] of Object.entries(value)) {
    if (key === '__proto__') throw metadataInvalid('holds a key that is not taken')
    checkText(key)
    checkValue(child, levels - 1)
  }
}

/** PostgreSQL and many JSON parsers accept no text with U+0000 or with half a surrogate pair. */
function checkText(text: string): void {
  if (text.includes('\0') || !text.isWellFormed()) throw metadataInvalid('holds text that cannot be kept')
}
