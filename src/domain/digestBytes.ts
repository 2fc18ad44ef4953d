import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { blockBytes, type Digests, headBytes } from './receipt.ts'

/** Takes bytes one buffer after the other and knows in the end what a receipt tells about them. */
export interface Digester {
  update(bytes: Buffer): void
  finish(): Promise<{ size: number; digests: Digests; blockCrc32: Buffer; head: Buffer }>
}

/** SHA-512 is computed only when it is asked for. */
export function createDigester({ sha512 }: { sha512: boolean }): Digester {
  const hashes = { sha256: createHash('sha256'), sha1: createHash('sha1'), md5: createHash('md5') }
  const wide = sha512 ? createHash('sha512') : undefined
  const blocks = createBlockCrc32()
  const head: Buffer[] = []
  let headLength = 0
  let size = 0

  return {
    update(bytes) {
      size += bytes.length
      hashes.sha256.update(bytes)
      hashes.sha1.update(bytes)
      hashes.md5.update(bytes)
      wide?.update(bytes)
      blocks.update(bytes)
      if (headLength >= headBytes) return
      head.push(bytes.subarray(0, headBytes - headLength))
      headLength += bytes.length
    },
    async finish() {
      const { sha256, sha1, md5 } = hashes
      return {
        size,
        digests: { sha256: sha256.digest(), sha1: sha1.digest(), md5: md5.digest(), sha512: wide?.digest() },
        blockCrc32: blocks.finish(),
        head: Buffer.concat(head),
      }
    },
  }
}

/** CRC-32 of each block of `blockBytes`. */
function createBlockCrc32() {
  const checks: number[] = []
  let check = 0
  let filled = 0
  return {
    update(bytes: Buffer) {
      for (let offset = 0; offset < bytes.length; ) {
        const piece = bytes.subarray(offset, offset + blockBytes - filled)
        check = crc32(piece, check)
        offset += piece.length
        filled += piece.length
        if (filled < blockBytes) continue
        checks.push(check)
        check = 0
        filled = 0
      }
    },
    finish() {
      if (filled > 0) checks.push(check)
      const table = Buffer.alloc(checks.length * 4)
      checks.forEach((value, index) => void table.writeUInt32BE(value, index * 4))
      return table
    },
  }
}
