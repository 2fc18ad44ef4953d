import { crc32 } from 'node:zlib'
import { blockBytes } from '../model/blob.ts'

/** Computes the CRC-32 of each block of `blockBytes`. `finish` returns them as four bytes each. */
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

/** Whether a block has the CRC-32 that `blockCrc32`, made by `createBlockCrc32`, holds for the block at `index`. */
export const matchesCheck = (block: Buffer, blockCrc32: Buffer, index: number): boolean =>
  crc32(block) === blockCrc32.readUInt32BE(index * 4)
