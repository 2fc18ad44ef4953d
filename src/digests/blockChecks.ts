import { crc32 } from 'node:zlib'
import { blockBytes } from '../model/blob.ts'

/** CRC-32 of each block of `blockBytes`. */
export function createBlockCrc32() {
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
