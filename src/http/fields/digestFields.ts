import { digestInvalid, digestMismatch } from '../../errors/requests.ts'
import type { Digests } from '../../model/blob.ts'

/** Algorithms of RFC 9530 that are verified, and what a digest by them is called here; any other is ignored (section 2). */
export const algorithms = { 'sha-256': 'sha256', 'sha-512': 'sha512', sha: 'sha1', md5: 'md5' } as const
const lengths = { 'sha-256': 32, 'sha-512': 64, sha: 20, md5: 16 } as const

/** Parses a digest field (RFC 9530, a dictionary of byte sequences). Throws `digest-invalid`. */
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

/** Whether bytes with these digests are the ones a client meant. A digest that was not computed does not match. */
export const matchesDigest = ({ algorithm, value }: ExpectedDigest, digests: Partial<Digests>): boolean =>
  digests[algorithms[algorithm]]?.equals(value) ?? false

/** Throws `digest-mismatch` for the first expected digest that none of the given bodies has. */
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
 * Throws `digest-mismatch` unless a file has the digests that came with it. Content-Digest may be of the body that the file is
 * a part of (RFC 9530, 2), whose digests are `whole`; Repr-Digest is of the file.
 */
export function verifyReceived(
  expected: readonly ExpectedDigest[],
  file: Digests,
  whole: Partial<Digests>,
): void {
  for (const digest of expected)
    verifyDigests([digest], digest.header === 'Content-Digest' ? [file, whole] : [file])
}

/** A digest as a field of a response carries it (RFC 9530). */
export const toDigestField = (sha256Hex: string) =>
  `sha-256=:${Buffer.from(sha256Hex, 'hex').toString('base64')}:`

/** A digest that a client sent, to be compared with the one of the bytes received. */
export interface ExpectedDigest {
  readonly header: 'Content-Digest' | 'Repr-Digest'
  readonly algorithm: Algorithm
  readonly value: Buffer
}

export type Algorithm = keyof typeof algorithms
