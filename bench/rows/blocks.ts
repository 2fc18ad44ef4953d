import { type Hash, randomBytes } from 'node:crypto'
import { MiB } from './row.ts'

/** No two alike, so that no part can stand in the place of another. */
export function* blocks(size: number, hash: Hash): Generator<Buffer> {
  const block = randomBytes(MiB)
  for (let sent = 0; sent < size; sent += block.length) {
    const copy = Buffer.from(block)
    copy.writeUInt32BE(sent / block.length)
    hash.update(copy)
    yield copy
  }
}
