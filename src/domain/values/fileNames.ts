const MAX_BYTES = 255
const MAX_EXTENSION_BYTES = 32
const UNNAMED = 'unnamed'

/** Direction overrides and isolates, zero-width characters, the byte order mark: invisible, and used to disguise a name. */
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g
const CONTROLS = /[\0-\x1f\x7f-\x9f\u2028\u2029]/g

/**
 * A file's name as it is stored, from text of any origin: what follows the last separator, well-formed, composed (NFC),
 * without controls and invisible characters, at most 255 bytes of UTF-8 with its extension kept. Never empty, `.` or `..`.
 * A name that came out of here stays as it is.
 */
export function toFileName(text: string): string {
  const clean = text
    .toWellFormed()
    .replace(INVISIBLE, '')
    .replace(CONTROLS, '_')
    .replace(/^.*[/\\]/su, '')
    .normalize('NFC')
  const name = cut(clean)
  return name === '' || /^\.{1,2}$/.test(name) ? UNNAMED : name
}

const MAX_PATH_BYTES = 1024

/**
 * A file's name that may lead through folders, `a/b.txt`: each of its steps is a name as `toFileName` makes them, steps that
 * lead nowhere (none, `.`, `..`) are left out. At most 1,024 bytes: of a longer one the last steps are kept.
 */
export function toFilePath(text: string): string {
  const steps = text.split(/[/\\]/).filter((step) => !/^\.{0,2}$/.test(step))
  const names = steps.map(toFileName)
  while (names.length > 1 && Buffer.byteLength(names.join('/')) > MAX_PATH_BYTES) names.shift()
  return names.length === 0 ? UNNAMED : names.join('/')
}

/** Cut at a character, in front of an extension of reasonable length. */
function cut(name: string): string {
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
  // Cutting can bring a character next to one it composes with.
  return `${stem}${kept}`.normalize('NFC')
}

/** Names that are devices on Windows, with or without an extension. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=$|\.|\s)/i

/** The name a browser is told to save a download under: no device, no character that a file system or a shell trips over. */
export function toDownloadName(name: string): string {
  const safe = name
    .replace(/[<>:"|?*\\/]/g, '_')
    .replace(/^[.\-~\s]+/, (start) => '_'.repeat(start.length))
    .replace(DEVICE, '_$1')
  // Last, because a name that grew is cut.
  return toFileName(safe).replace(/[.\s]+$/, (end) => '_'.repeat(end.length))
}
