import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { S3Location } from './client.ts'

/**
 * The checksum that a request carries, so that the server refuses bytes that changed on the way. Empty when the SHA-256 in
 * the signature of the request is the proof.
 */
export interface Proof {
  readonly ChecksumCRC32?: string
  readonly ContentMD5?: string
}

/** The proof of this kind for these bytes. */
export function prove(kind: S3Location['proof'], bytes: Buffer): Proof {
  if (kind === 'sha256') return {}
  if (kind === 'md5') return { ContentMD5: hash('md5', bytes, 'base64') }
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(bytes))
  return { ChecksumCRC32: check.toString('base64') }
}

interface Answer {
  readonly ETag?: string | undefined
  readonly ChecksumCRC32?: string | undefined
}

/** Whether the answer of a server shows that it has exactly these bytes; many answers show nothing. */
export function confirms({ ChecksumCRC32, ContentMD5 }: Proof, bytes: Buffer, answer: Answer): boolean {
  if (ChecksumCRC32 !== undefined) return answer.ChecksumCRC32 === ChecksumCRC32
  const md5 = ContentMD5 === undefined ? hash('md5', bytes, 'buffer') : Buffer.from(ContentMD5, 'base64')
  return answer.ETag?.replaceAll('"', '') === md5.toString('hex')
}
