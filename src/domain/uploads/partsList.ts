import { createHash } from 'node:crypto'
import { partsInvalid } from '../../errors/uploads.ts'

/** A part in the request that completes an upload. */
export interface NamedPart {
  readonly partNumber: number
  /** With or without its quotes. */
  readonly etag: string
}

/** The parts that make the file of an upload. */
export interface PartsList {
  /** In the order of their numbers. */
  readonly parts: readonly NamedPart[]
  /** Equal for equal lists, in whichever order and with whichever quotes a client names the parts. */
  readonly digest: Buffer
}

/** Throws `parts-invalid` when no part is named, or one twice. */
export function toPartsList(named: readonly NamedPart[]): PartsList {
  const parts = named.toSorted((one, other) => one.partNumber - other.partNumber)
  if (parts.length === 0) throw partsInvalid('no part is named')
  if (new Set(parts.map(({ partNumber }) => partNumber)).size < parts.length)
    throw partsInvalid('a part is named twice')
  const pairs = parts.map(({ partNumber, etag }) => [partNumber, withoutQuotes(etag)])
  return { parts, digest: createHash('sha256').update(JSON.stringify(pairs)).digest() }
}

/** An entity tag without its quotes. */
export const withoutQuotes = (etag: string) => etag.replaceAll('"', '')
