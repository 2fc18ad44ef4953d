import { supportedMimeTypes } from 'file-type'
import { canonicalType } from './mediaTypeNames.ts'
import { allowsType } from './mediaTypes.ts'
import { kindByName, kindOfText } from './textKinds.ts'

/** The types that detection can find. */
const detectable = new Set([...supportedMimeTypes].map((type) => canonicalType(type.toLowerCase())))

/** Families that a client may declare instead of a type; detection knows every type of them. */
const FAMILY = /^(image|video)$/
const PAGE = /^(text\/html|application\/xhtml\+xml)$/
const SOUND_OR_PICTURES = /^(audio|video)\//

/**
 * Whether the detected media type fits the declared one: it is the same type, a type of the declared family, any type for
 * `application/octet-stream`, or any kind of text for another kind. A declared type that detection can find must be found.
 */
export function fitsDeclared(declared: string, detected: string): boolean {
  if (FAMILY.test(declared)) return detected.startsWith(`${declared}/`)
  const [wanted, found] = [canonicalType(declared), canonicalType(detected)]
  if (wanted === found || wanted === 'application/octet-stream') return true
  if (PAGE.test(wanted) && PAGE.test(found)) return true // browsers read both as a page
  // The same container may hold sound, pictures, or both.
  if (SOUND_OR_PICTURES.test(wanted) && SOUND_OR_PICTURES.test(found)) return true
  if (wanted.startsWith('text/')) return found.startsWith('text/')
  if (/^(image|audio|video|font)\//.test(wanted))
    return !detectable.has(wanted) && found === 'application/octet-stream'
  return !detectable.has(wanted) && !/^(text\/html|image\/svg\+xml)$/.test(found)
}

/** Whether a list of types can allow a file of this name and declared type, before its bytes have arrived. */
export function mayBeAllowed(allowed: readonly string[], declared: string, name: string): boolean {
  if (allowed.length === 0) return true
  if (declared === 'application/octet-stream') return true // promises nothing
  if (FAMILY.test(declared)) return allowed.some((entry) => entry.startsWith(`${declared}/`))
  if (allowsType(allowed, declared)) return true
  // Browsers on Windows with Excel declare a CSV to be a file of Excel: the name decides between kinds of text.
  const kind = kindOfText(declared) === undefined ? kindByName(name) : undefined
  return kind !== undefined && allowsType(allowed, kind)
}
