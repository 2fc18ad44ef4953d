/** As much of the kernel's FUSE protocol as one regular file needs, which is the mount point itself. */

export const fuseRequests = {
  ...{ forget: 2, getattr: 3, setattr: 4, open: 14, read: 15, write: 16, statfs: 17, release: 18, fsync: 20 },
  ...{ flush: 25, init: 26, access: 34, interrupt: 36, destroy: 38, batchForget: 42 },
} as const

/** The largest body of a write, and the room for its header. */
export const WRITE_BYTES = 2 ** 20
export const REQUEST_BYTES = WRITE_BYTES + 2 ** 16

const BLOCK_BYTES = 4096
const SECTOR_BYTES = 512
const REGULAR_FILE = 0o100600
const DIRECT_IO = 1
/** ASYNC_READ, BIG_WRITES, MAX_PAGES. */
const FEATURES = (1 << 0) | (1 << 5) | (1 << 22)

/** The fields of every request; `rest` begins behind them. */
export function parseRequest(bytes: Buffer) {
  return { kind: bytes.readUInt32LE(4), unique: bytes.readBigUInt64LE(8), rest: bytes.subarray(40) }
}

/** The place that a read or write is about, and the bytes of a write. */
export function parsePlace(rest: Buffer) {
  const length = rest.readUInt32LE(16)
  return { at: Number(rest.readBigUInt64LE(8)), length, bytes: rest.subarray(40, 40 + length) }
}

export function toReply(unique: bigint, errno: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(16)
  head.writeUInt32LE(head.length + body.length, 0)
  head.writeInt32LE(-errno, 4)
  head.writeBigUInt64LE(unique, 8)
  return Buffer.concat([head, body])
}

export function initBody(): Buffer {
  const body = Buffer.alloc(64)
  body.writeUInt32LE(7, 0) // version 7.31
  body.writeUInt32LE(31, 4)
  body.writeUInt32LE(WRITE_BYTES, 8) // read ahead
  body.writeUInt32LE(FEATURES, 12)
  body.writeUInt16LE(64, 16) // requests in the background
  body.writeUInt16LE(48, 18)
  body.writeUInt32LE(WRITE_BYTES, 20)
  body.writeUInt32LE(1, 24) // nanoseconds of a time stamp
  body.writeUInt16LE(WRITE_BYTES / BLOCK_BYTES, 28)
  return body
}

export function attributesBody(size: number): Buffer {
  const body = Buffer.alloc(104)
  const attributes = body.subarray(16)
  attributes.writeBigUInt64LE(1n, 0) // inode
  attributes.writeBigUInt64LE(BigInt(size), 8)
  attributes.writeBigUInt64LE(BigInt(size / SECTOR_BYTES), 16)
  attributes.writeUInt32LE(REGULAR_FILE, 60)
  attributes.writeUInt32LE(1, 64) // links
  attributes.writeUInt32LE(BLOCK_BYTES, 80)
  return body
}

/** An open file past the page cache, which would hide writes from the disk. */
export function openBody(): Buffer {
  const body = Buffer.alloc(16)
  body.writeUInt32LE(DIRECT_IO, 8)
  return body
}

export function writtenBody(length: number): Buffer {
  const body = Buffer.alloc(8)
  body.writeUInt32LE(length, 0)
  return body
}

export function statfsBody(): Buffer {
  const body = Buffer.alloc(80)
  body.writeUInt32LE(BLOCK_BYTES, 40)
  body.writeUInt32LE(255, 44) // length of a name
  return body
}
