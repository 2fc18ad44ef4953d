import { digestInvalid, digestMismatch } from '../../errors/requests.ts'
import type { Digests } from '../../model/blob.ts'

/**
 * The algorithms of RFC 9530 that the service verifies, and their names in `Digests`. Other algorithms are ignored (section
 * 2).
 */
export const algorithms = { 'sha-256': 'sha256', 'sha-512': 'sha512', sha: 'sha1', md5: 'md5' } as const
/** Bytes of a digest. */
const lengths = { 'sha-256': 32, 'sha-512': 64, sha: 20, md5: 16 } as const

/**
 * A member of each header: the name of an algorithm, if the header has names, and a digest in base64. A member of a dictionary
 * (RFC 9651) may have parameters, which mean nothing here.
 */
const members = {
  'Content-Digest': /^\s*(?<name>[a-z*][a-z0-9_.*-]*)=:(?<base64>[A-Za-z0-9+/]*={0,2}):\s*(?:;.*)?$/,
  'Repr-Digest': /^\s*(?<name>[a-z*][a-z0-9_.*-]*)=:(?<base64>[A-Za-z0-9+/]*={0,2}):\s*(?:;.*)?$/,
  Digest: /^\s*(?<name>[A-Za-z0-9_.-]+)=(?<base64>[A-Za-z0-9+/]*={0,2})\s*$/,
  'Content-MD5': /^\s*(?<base64>[A-Za-z0-9+/]+={0,2})\s*$/,
} as const

/** A header with which a client announces digests of its bytes: RFC 9530, and before that RFC 3230 and RFC 1864. */
export type DigestHeader = keyof typeof members

/** The digests that the headers of a request announce; `header` returns the value of one. Throws `digest-invalid`. */
export const announcedDigests = (header: (name: string) => string | undefined): ExpectedDigest[] =>
  DIGEST_HEADERS.flatMap((name) => parseDigests(name, header(name.toLowerCase())))

const DIGEST_HEADERS = ['Content-Digest', 'Repr-Digest', 'Digest', 'Content-MD5'] as const

/**
 * Parses a header with digests. Ignores malformed members with an unknown name beside a digest that is verified. Throws
 * `digest-invalid`.
 */
export function parseDigests(header: DigestHeader, text: string | undefined): ExpectedDigest[] {
  if (text === undefined) return []
  let odd = false
  const digests = text.split(',').flatMap((member) => {
    const { groups } = members[header].exec(member) ?? {}
    if (!groups) {
      const key = header.endsWith('-Digest') && /^\s*([a-z*][\w.*-]*)/i.exec(member)?.[1]?.toLowerCase()
      if (!key || isAlgorithm(key)) throw digestInvalid(header)
      odd = true
      return []
    }
    const { name = 'md5', base64 = '' } = groups
    const algorithm = name.toLowerCase()
    if (!isAlgorithm(algorithm)) return []
    const value = Buffer.from(base64, 'base64')
    if (value.length !== lengths[algorithm]) throw digestInvalid(header)
    return [{ header, algorithm, value }]
  })
  if (odd && digests.length === 0) throw digestInvalid(header)
  return digests
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

/** Whether a digest may be that of the body that the file is a part of, and not of the file (RFC 9530, 2). */
export const mayDescribeBody = ({ header }: ExpectedDigest): boolean => header !== 'Repr-Digest'

/**
 * Throws `digest-mismatch` unless a received file has the digests that the headers of its request announced. Only Repr-Digest
 * always describes the file; `body` holds the digests of the body that the file is a part of.
 */
export function verifyReceivedDigests(
  expected: readonly ExpectedDigest[],
  file: Digests,
  body: Partial<Digests>,
): void {
  for (const digest of expected) verifyDigests([digest], mayDescribeBody(digest) ? [file, body] : [file])
}

/** The value of Content-Digest or Repr-Digest in a response (RFC 9530). */
export const toDigestField = (sha256Hex: string) =>
  `sha-256=:${Buffer.from(sha256Hex, 'hex').toString('base64')}:`

/** A digest that the client announced, to be compared with the digest of the received bytes. */
export interface ExpectedDigest {
  readonly header: DigestHeader
  readonly algorithm: Algorithm
  readonly value: Buffer
}

export type Algorithm = keyof typeof algorithms
