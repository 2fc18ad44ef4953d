import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { S3Location } from './client.ts'

/**
 * What is sent with bytes so that the server refuses them when they arrive as others: nothing when it is enough that the
 * signature of the request covers their SHA-256.
 */
export interface Proof {
  readonly ChecksumCRC32?: string
  readonly ContentMD5?: string
}

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

/** Whether a server's answer shows that it has the very bytes; many answers show nothing. */
export function confirms({ ChecksumCRC32, ContentMD5 }: Proof, bytes: Buffer, answer: Answer): boolean {
  if (ChecksumCRC32 !== undefined) return answer.ChecksumCRC32 === ChecksumCRC32
  const md5 = ContentMD5 === undefined ? hash('md5', bytes, 'buffer') : Buffer.from(ContentMD5, 'base64')
  return answer.ETag?.replaceAll('"', '') === md5.toString('hex')
}
