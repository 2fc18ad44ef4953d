import { createHash, hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { blockBytes, type Digests, headBytes } from './receipt.ts'

/** Takes bytes one buffer after the other and knows in the end what a receipt tells about them. */
export interface Digester {
  update(bytes: Buffer): void
  finish(): Promise<{ size: number; digests: Digests; blockCrc32: Buffer; head: Buffer }>
}

/** A first buffer up to this size may turn out to be the only one. A larger one is not kept: its owner may use it again. */
const SMALL_BYTES = 64 * 1024

/** SHA-512 is computed only when it is asked for. */
export function createDigester({ sha512 }: { sha512: boolean }): Digester {
  const blocks = createBlockCrc32()
  const head: Buffer[] = []
  let headLength = 0
  let size = 0
  let only: Buffer | undefined
  let hashes: ReturnType<typeof createHashes> | undefined

  return {
    update(bytes) {
      if (size === 0 && bytes.length <= SMALL_BYTES) {
        only = bytes
      } else {
        hashes ??= createHashes(sha512, only)
        for (const each of Object.values(hashes)) each?.update(bytes)
        only = undefined
      }
      size += bytes.length
      blocks.update(bytes)
      if (headLength >= headBytes) return
      head.push(bytes.subarray(0, headBytes - headLength))
      headLength += bytes.length
    },
    async finish() {
      const digests = hashes ? finishHashes(hashes) : hashOnce(only ?? Buffer.alloc(0), sha512)
      return { size, digests, blockCrc32: blocks.finish(), head: Buffer.concat(head) }
    },
  }
}

function createHashes(sha512: boolean, first: Buffer | undefined) {
  const hashes = {
    sha256: createHash('sha256'),
    sha1: createHash('sha1'),
    md5: createHash('md5'),
    sha512: sha512 ? createHash('sha512') : undefined,
  }
  if (first) for (const each of Object.values(hashes)) each?.update(first)
  return hashes
}

const finishHashes = ({ sha256, sha1, md5, sha512 }: ReturnType<typeof createHashes>): Digests => ({
  sha256: sha256.digest(),
  sha1: sha1.digest(),
  md5: md5.digest(),
  sha512: sha512?.digest(),
})

/** What a small file needs: one call for each digest, and no hash objects. */
const hashOnce = (bytes: Buffer, sha512: boolean): Digests => ({
  sha256: hash('sha256', bytes, 'buffer'),
  sha1: hash('sha1', bytes, 'buffer'),
  md5: hash('md5', bytes, 'buffer'),
  sha512: sha512 ? hash('sha512', bytes, 'buffer') : undefined,
})

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
