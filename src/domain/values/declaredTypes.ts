import { supportedMimeTypes } from 'file-type'

/** Types under other names that clients use, and what we tell from the bytes. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'audio/mp3': 'audio/mpeg',
  'audio/x-wav': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'application/x-zip-compressed': 'application/zip',
  'application/x-gzip': 'application/gzip',
  'text/xml': 'application/xml',
}

const told = (type: string) => ALIASES[type] ?? type
const detectable = new Set([...supportedMimeTypes].map(told))

/** Families that may be declared instead of a type; their members are all told from their bytes. */
const FAMILY = /^(image|video)$/
const SOUND_OR_PICTURES = /^(audio|video)\//

/**
 * Whether bytes that are `detected` may be what was declared: the same type; any type of a declared family; anything where
 * nothing was promised; text of one kind or another. A type that bytes show must show.
 */
export function fitsDeclared(declared: string, detected: string): boolean {
  if (FAMILY.test(declared)) return detected.startsWith(`${declared}/`)
  const [wanted, found] = [told(declared), told(detected)]
  if (wanted === found || wanted === 'application/octet-stream') return true
  // The same container may hold sound, pictures, or both.
  if (SOUND_OR_PICTURES.test(wanted) && SOUND_OR_PICTURES.test(found)) return true
  if (wanted.startsWith('text/')) return found.startsWith('text/')
  if (/^(image|audio|video|font)\//.test(wanted))
    return !detectable.has(wanted) && found === 'application/octet-stream'
  return !detectable.has(wanted) && !/^(text\/html|image\/svg\+xml)$/.test(found)
}

/** Whether a list of types lets a declared one in, as far as that can be told before the bytes. */
export function mayBeAllowed(allowed: readonly string[], declared: string): boolean {
  if (allowed.length === 0) return true
  if (declared === 'application/octet-stream') return true // nothing is promised
  if (FAMILY.test(declared)) return allowed.some((entry) => entry.startsWith(`${declared}/`))
  const wanted = told(declared)
  return allowed.some((entry) =>
    entry.endsWith('/*') ? wanted.startsWith(entry.slice(0, -1)) : entry === wanted,
  )
}
