import { keyPropertiesInvalid } from '../../errors/access.ts'
import { flawOfPrefix } from '../values/filePaths.ts'

const MAX_NAME_CHARACTERS = 100
const MAX_PREFIX_BYTES = 255
const MAX_PATTERNS = 100

/** Controls, characters that are not seen, and halves of a surrogate pair: names are shown in terminals and logs. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** The name of a key: composed (NFC), without blanks around it. Throws `key-properties-invalid`. */
export function parseKeyName(text: string): string {
  const name = text.normalize('NFC').trim()
  const pointer = '/name'
  if (name === '') throw keyPropertiesInvalid('needs a name', pointer)
  if ([...name].length > MAX_NAME_CHARACTERS)
    throw keyPropertiesInvalid(`may have a name of at most ${MAX_NAME_CHARACTERS} characters`, pointer)
  if (UNSEEN.test(name)) throw keyPropertiesInvalid('has a name with a character that is not seen', pointer)
  return name
}

/** Patterns of buckets, as the API writes them. Throws `key-properties-invalid`. */
export function parsePatterns(patterns: readonly string[]): readonly string[] {
  const pointer = '/buckets'
  if (patterns.length === 0 || patterns.length > MAX_PATTERNS)
    throw keyPropertiesInvalid(`must be for 1 to ${MAX_PATTERNS} buckets or patterns of buckets`, pointer)
  const wrong = patterns.findIndex((pattern) => !/^[a-z0-9._*-]{1,64}$/.test(pattern))
  if (wrong !== -1)
    throw keyPropertiesInvalid(
      'is for buckets by their names, in which "*" stands for any characters: a pattern has 1 to 64 of a-z, 0-9, ".", "_", "-" and "*"',
      `${pointer}/${wrong}`,
    )
  return patterns
}

/** The beginning of the names that a key is for, composed (NFC) as those are; empty means all names. Throws as above. */
export function parsePrefix(text: string): string {
  const prefix = text.normalize('NFC')
  const tooLong = Buffer.byteLength(prefix) > MAX_PREFIX_BYTES
  const flaw = tooLong ? `may have at most ${MAX_PREFIX_BYTES} bytes of UTF-8` : flawOfPrefix(prefix)
  if (prefix !== '' && flaw !== undefined)
    throw keyPropertiesInvalid(`has a prefix of names that ${flaw}`, '/prefix')
  return prefix
}
