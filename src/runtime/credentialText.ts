import { createHash, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

export type CredentialKind = 'key'

/** The first letters of each kind, by which scanners find a credential that leaked. */
const prefixes = { key: 'upfk_' } as const satisfies Record<CredentialKind, string>

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ID_LENGTH = 12
/** 190 bits. */
const SECRET_LENGTH = 32
const CRC_LENGTH = 6

/** A credential of ours that is well formed: nobody knows yet whether there is one of this id. */
export interface Credential {
  readonly kind: CredentialKind
  readonly id: string
  /** SHA-256 of the whole text: the text has 190 random bits, so a slow hash would add nothing. */
  readonly hash: Buffer
}

/** Makes a new credential. The text is shown once and kept nowhere. */
export function newCredential(kind: CredentialKind): Credential & { readonly text: string } {
  const id = randomDigits(ID_LENGTH)
  const text = withCheck(`${prefixes[kind]}${id}${randomDigits(SECRET_LENGTH)}`)
  return { kind, id, hash: hashOf(text), text }
}

/** Makes another text for the same id. */
export function newSecret(
  kind: CredentialKind,
  id: string,
): { readonly text: string; readonly hash: Buffer } {
  const text = withCheck(`${prefixes[kind]}${id}${randomDigits(SECRET_LENGTH)}`)
  return { text, hash: hashOf(text) }
}

/** Whether a text is meant as a credential of ours, well formed or not. */
export const looksLikeCredential = (text: string): boolean =>
  Object.values(prefixes).some((prefix) => text.startsWith(prefix))

/** The credential in a text; undefined when its form or its CRC-32 is wrong, which costs no query. */
export function parseCredential(text: string): Credential | undefined {
  if (!/^upfk_[0-9A-Za-z]{50}$/.test(text) || withCheck(text.slice(0, -CRC_LENGTH)) !== text) return undefined
  const id = text.slice(prefixes.key.length, prefixes.key.length + ID_LENGTH)
  return { kind: 'key', id, hash: hashOf(text) }
}

const hashOf = (text: string) => createHash('sha256').update(text).digest()

/** `randomInt` takes no remainder of a random number, so every digit is equally likely. */
const randomDigits = (length: number) =>
  Array.from({ length }, () => DIGITS[randomInt(DIGITS.length)]).join('')

/** Appends the CRC-32 of the text in base62, the most significant digit first. */
function withCheck(text: string): string {
  let [rest, digits] = [crc32(text), '']
  for (let index = 0; index < CRC_LENGTH; index++) {
    digits = `${DIGITS[rest % DIGITS.length]}${digits}`
    rest = Math.floor(rest / DIGITS.length)
  }
  return `${text}${digits}`
}
