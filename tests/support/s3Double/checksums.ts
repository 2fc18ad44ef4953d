import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { refusal } from './refusal.ts'

/** Checksums of Amazon's that the double computes; others are refused with `NotImplemented`. */
export type Algorithm = 'CRC32' | 'SHA1' | 'SHA256'

export interface Checksum {
  readonly algorithm: Algorithm
  /** Base64; of parts put together also `-<parts>`. */
  readonly value: string
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

const computations: Readonly<Record<Algorithm, (pieces: readonly Buffer[]) => Buffer>> = {
  CRC32(pieces) {
    const value = Buffer.alloc(4)
    value.writeUInt32BE(pieces.reduce((running, piece) => crc32(piece, running), 0))
    return value
  },
  SHA1: (pieces) => digest('sha1', pieces),
  SHA256: (pieces) => digest('sha256', pieces),
}

export function digest(name: string, pieces: readonly Buffer[]): Buffer {
  const hash = createHash(name)
  for (const piece of pieces) hash.update(piece)
  return hash.digest()
}

export const computeChecksum = (algorithm: Algorithm, pieces: readonly Buffer[]): Checksum => ({
  algorithm,
  value: computations[algorithm](pieces).toString('base64'),
  type: 'FULL_OBJECT',
})

/** The checksum of an object from those of its parts. */
export function composeChecksums(algorithm: Algorithm, parts: readonly Checksum[]): Checksum {
  const raw = parts.map(({ value }) => Buffer.from(value, 'base64'))
  const { value } = computeChecksum(algorithm, raw)
  return { algorithm, value: `${value}-${parts.length}`, type: 'COMPOSITE' }
}

/** Throws `NotImplemented` for an algorithm that the double lacks, `InvalidRequest` for one that does not exist. */
export function parseAlgorithm(name: string): Algorithm {
  const algorithm = name.toUpperCase()
  if (algorithm === 'CRC32' || algorithm === 'SHA1' || algorithm === 'SHA256') return algorithm
  if (algorithm === 'CRC32C' || algorithm === 'CRC64NVME')
    throw refusal('NotImplemented', `The double does not compute ${algorithm}.`)
  throw refusal('InvalidRequest', 'Checksum algorithm provided is unsupported.')
}

const HEADER = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/

/** The checksum that headers or a trailer state. Throws `InvalidRequest` when they state two. */
export function statedChecksum(headers: ReadonlyMap<string, string>): Omit<Checksum, 'type'> | undefined {
  const stated = [...headers].filter(([name]) => HEADER.test(name))
  if (stated.length > 1) throw refusal('InvalidRequest', 'Expecting a single x-amz-checksum- header')
  const [found] = stated
  if (!found) return undefined
  const [name, value] = found
  return { algorithm: parseAlgorithm(HEADER.exec(name)?.[1] ?? ''), value }
}

/** Judges bytes by the checksum that headers state, and gives it back. Throws `InvalidRequest` and `BadDigest`. */
export function verifyChecksum(
  headers: ReadonlyMap<string, string>,
  bytes: readonly Buffer[],
): Checksum | undefined {
  const stated = statedChecksum(headers)
  if (!stated) return undefined
  const { algorithm, value } = stated
  const computed = computeChecksum(algorithm, bytes)
  if (Buffer.from(value, 'base64').toString('base64') !== value || value.length !== computed.value.length)
    throw refusal('InvalidRequest', `Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`)
  if (value !== computed.value)
    throw refusal('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
  return computed
}

/** The headers of an answer with a checksum. */
export const checksumHeaders = (checksum: Checksum | undefined): Record<string, string> =>
  checksum
    ? {
        [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value,
        'x-amz-checksum-type': checksum.type,
      }
    : {}
