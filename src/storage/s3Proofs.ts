import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { S3Place } from './s3Client.ts'

/** What is sent with bytes so that the server refuses them when they arrive as others. */
export type Proof = { readonly ChecksumCRC32: string } | { readonly ContentMD5: string }

export function prove(kind: S3Place['proof'], bytes: Buffer): Proof {
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
export function confirms(proof: Proof, answer: Answer): boolean {
  if ('ChecksumCRC32' in proof) return answer.ChecksumCRC32 === proof.ChecksumCRC32
  return answer.ETag?.replaceAll('"', '') === Buffer.from(proof.ContentMD5, 'base64').toString('hex')
}
