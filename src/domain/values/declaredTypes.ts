import { supportedMimeTypes } from 'file-type'
import { allowsType } from './mediaTypes.ts'

/** Names of media types that some clients use, and the name that `detectMediaType` returns. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'audio/mp3': 'audio/mpeg',
  'audio/x-wav': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'application/x-zip-compressed': 'application/zip',
  'application/x-gzip': 'application/gzip',
  'text/xml': 'application/xml',
}

const canonicalType = (type: string) => ALIASES[type] ?? type
/** The types that detection can find. */
const detectable = new Set([...supportedMimeTypes].map(canonicalType))

/** Families that a client may declare instead of a type; detection knows every type of them. */
const FAMILY = /^(image|video)$/
const SOUND_OR_PICTURES = /^(audio|video)\//

/**
 * Whether the detected media type fits the declared one: it is the same type, a type of the declared family, any type for
 * `application/octet-stream`, or any kind of text for another kind. A declared type that detection can find must be found.
 */
export function fitsDeclared(declared: string, detected: string): boolean {
  if (FAMILY.test(declared)) return detected.startsWith(`${declared}/`)
  const [wanted, found] = [canonicalType(declared), canonicalType(detected)]
  if (wanted === found || wanted === 'application/octet-stream') return true
  // The same container may hold sound, pictures, or both.
  if (SOUND_OR_PICTURES.test(wanted) && SOUND_OR_PICTURES.test(found)) return true
  if (wanted.startsWith('text/')) return found.startsWith('text/')
  if (/^(image|audio|video|font)\//.test(wanted))
    return !detectable.has(wanted) && found === 'application/octet-stream'
  return !detectable.has(wanted) && !/^(text\/html|image\/svg\+xml)$/.test(found)
}

/** Whether a list of types can allow a file of the declared type, before its bytes have arrived. */
export function mayBeAllowed(allowed: readonly string[], declared: string): boolean {
  if (allowed.length === 0) return true
  if (declared === 'application/octet-stream') return true // promises nothing
  if (FAMILY.test(declared)) return allowed.some((entry) => entry.startsWith(`${declared}/`))
  return allowsType(allowed, canonicalType(declared))
}
