import { nameInvalid } from '../../errors/files.ts'

const MAX_STEP_BYTES = 255
const MAX_PATH_BYTES = 1024

/**
 * Controls, characters that `toFileName` removes because they disguise a name, and halves of a surrogate pair. A backslash is a
 * separator to `toFileName`, and to programs on Windows.
 */
const REFUSED =
  /[\0-\x1f\x7f-\x9f\u2028\u2029\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\\]|\p{Cs}/u

/**
 * The name that a file has to itself, with `/` between folders: the text, composed (NFC) and otherwise unchanged, so that two
 * texts are one name only when they are the same characters. `pointer` names the field of the text. Throws `name-invalid`.
 */
export function parseFilePath(text: string, pointer: string): string {
  const name = text.normalize('NFC')
  const flaw = flawOf(name)
  if (flaw !== undefined) throw nameInvalid(flaw, pointer)
  return name
}

/** The same for a look-up: undefined for a text that no file can have as its name. */
export function findableName(text: string): string | undefined {
  const name = text.normalize('NFC')
  return flawOf(name) === undefined ? name : undefined
}

/** As `flawOf`, for the beginning of names in NFC, which may end with a `/`. */
export const flawOfPrefix = (prefix: string): string | undefined =>
  flawOf(prefix.endsWith('/') ? `${prefix}x` : prefix)

/** The first rule that a name in NFC breaks, as the end of a sentence; undefined when it keeps all of them. */
function flawOf(name: string): string | undefined {
  if (name === '') return 'is missing'
  const refused = REFUSED.exec(name)?.[0]
  if (refused !== undefined) return `must not contain ${codePointOf(refused)}`
  const steps = name.split('/')
  if (steps.includes('')) return 'must not begin or end with "/", or contain "//"'
  if (steps.some((step) => step === '.' || step === '..')) return 'must not have a folder or file "." or ".."'
  if (steps.some((step) => Buffer.byteLength(step) > MAX_STEP_BYTES))
    return `may have at most ${MAX_STEP_BYTES} bytes of UTF-8, and each of its folders too`
  if (Buffer.byteLength(name) > MAX_PATH_BYTES)
    return `may have at most ${MAX_PATH_BYTES} bytes of UTF-8 with its folders`
  return undefined
}

function codePointOf(character: string): string {
  if (character === '\\') return '"\\": write "/" between folders'
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
