const MAX_BYTES = 255
const MAX_EXTENSION_BYTES = 32
const UNNAMED = 'unnamed'

/** Direction overrides and isolates, zero-width characters, the byte order mark: invisible, and used to disguise a name. */
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g
const CONTROLS = /[\0-\x1f\x7f-\x9f\u2028\u2029]/g

/**
 * Makes any text the name of a file: the part behind the last separator, well-formed, composed (NFC), without control and
 * invisible characters, at most 255 bytes of UTF-8 with its extension kept. Never empty, `.` or `..`. A result of this function
 * stays as it is.
 */
export function toFileName(text: string): string {
  const clean = text
    .toWellFormed()
    .replace(INVISIBLE, '')
    .replace(CONTROLS, '_')
    .replace(/^.*[/\\]/su, '')
    .normalize('NFC')
  const name = shorten(clean)
  return name === '' || /^\.{1,2}$/.test(name) ? UNNAMED : name
}

/** Shortens a name to 255 bytes at the end of a character, and keeps an extension of at most 32 bytes. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name
  const extension = /\.[^.\s]+$/u.exec(name)?.[0] ?? ''
  const kept = Buffer.byteLength(extension) <= MAX_EXTENSION_BYTES ? extension : ''
  let room = MAX_BYTES - Buffer.byteLength(kept)
  let stem = ''
  for (const character of name.slice(0, name.length - kept.length)) {
    room -= Buffer.byteLength(character)
    if (room < 0) break
    stem += character
  }
  // Shortening can bring two characters together that NFC composes.
  return `${stem}${kept}`.normalize('NFC')
}

/** Names that are devices on Windows, with or without an extension. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=$|\.|\s)/i

/** The name for a saved download: no device of Windows, and no character with a meaning for a file system or a shell. */
export function toDownloadName(name: string): string {
  const safe = name
    .replace(/[<>:"|?*\\/]/g, '_')
    .replace(/^[.\-~\s]+/, (start) => '_'.repeat(start.length))
    .replace(DEVICE, '_$1')
  // Last, because the replacements above can make a name too long.
  return toFileName(safe).replace(/[.\s]+$/, (end) => '_'.repeat(end.length))
}
