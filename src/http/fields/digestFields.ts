import { digestInvalid, digestMismatch } from '../../errors/requests.ts'
import type { Digests } from '../../model/blob.ts'

/**
 * The algorithms of RFC 9530 that the service verifies, and their names in `Digests`. Other algorithms are ignored (section
 * 2).
 */
export const algorithms = { 'sha-256': 'sha256', 'sha-512': 'sha512', sha: 'sha1', md5: 'md5' } as const
/** Bytes of a digest. */
const lengths = { 'sha-256': 32, 'sha-512': 64, sha: 20, md5: 16 } as const

/** Parses Content-Digest or Repr-Digest (RFC 9530, a dictionary of byte sequences). Throws `digest-invalid`. */
export function parseDigests(header: ExpectedDigest['header'], text: string | undefined): ExpectedDigest[] {
  if (text === undefined) return []
  return text.split(',').flatMap((member) => {
    const match = /^\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):\s*$/.exec(member)
    if (!match) throw digestInvalid(header)
    const [, name = '', base64 = ''] = match
    if (!isAlgorithm(name)) return []
    const value = Buffer.from(base64, 'base64')
    if (value.length !== lengths[name]) throw digestInvalid(header)
    return [{ header, algorithm: name, value }]
  })
}

const isAlgorithm = (name: string): name is Algorithm => Object.hasOwn(algorithms, name)

/** Whether the digests of some bytes contain the expected digest. False when that digest was not computed. */
export const matchesDigest = ({ algorithm, value }: ExpectedDigest, digests: Partial<Digests>): boolean =>
  digests[algorithms[algorithm]]?.equals(value) ?? false

/**
 * Throws `digest-mismatch` for the first expected digest that no body has. `bodies` holds the computed digests of each
 * body.
 */
export function verifyDigests(
  expected: readonly ExpectedDigest[],
  bodies: readonly Partial<Digests>[],
): void {
  for (const digest of expected) {
    if (bodies.some((digests) => matchesDigest(digest, digests))) continue
    throw digestMismatch(digest.header, digest.algorithm)
  }
}

/**
 * Throws `digest-mismatch` unless a received file has the digests that the headers of its request announced. Repr-Digest
 * describes the file. Content-Digest may describe the file or the body that the file is a part of (RFC 9530, 2); `body`
 * holds the digests of that body.
 */
export function verifyReceivedDigests(
  expected: readonly ExpectedDigest[],
  file: Digests,
  body: Partial<Digests>,
): void {
  for (const digest of expected)
    verifyDigests([digest], digest.header === 'Content-Digest' ? [file, body] : [file])
}

/** The value of Content-Digest or Repr-Digest in a response (RFC 9530). */
export const toDigestField = (sha256Hex: string) =>
  `sha-256=:${Buffer.from(sha256Hex, 'hex').toString('base64')}:`

/** A digest that the client announced, to be compared with the digest of the received bytes. */
export interface ExpectedDigest {
  readonly header: 'Content-Digest' | 'Repr-Digest'
  readonly algorithm: Algorithm
  readonly value: Buffer
}

export type Algorithm = keyof typeof algorithms
