import { supportedMimeTypes } from 'file-type'
import { allowsType } from './mediaTypes.ts'

/** Other names of media types that clients use, and the name that detection uses. */
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
const detectable = new Set([...supportedMimeTypes].map(canonicalType))

/** Families that may be declared instead of a type; detection knows each of their members. */
const FAMILY = /^(image|video)$/
const SOUND_OR_PICTURES = /^(audio|video)\//

/**
 * Whether bytes of the `detected` type may have the declared one: the same type, any type of a declared family, any type at
 * all for `application/octet-stream`, one kind of text for another. A declared type that detection knows must be detected.
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

/** Whether a list of types may allow a file of the declared type, judged before its bytes are there. */
export function mayBeAllowed(allowed: readonly string[], declared: string): boolean {
  if (allowed.length === 0) return true
  if (declared === 'application/octet-stream') return true // promises nothing
  if (FAMILY.test(declared)) return allowed.some((entry) => entry.startsWith(`${declared}/`))
  return allowsType(allowed, canonicalType(declared))
}
