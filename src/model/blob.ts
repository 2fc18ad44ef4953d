/**
 * The name of bytes in a storage: two hex digits, a slash, 32 random hex digits. No key is used twice. Clients may write
 * under keys that begin with `staging/`; the service copies those bytes to another key before they become a file.
 */
export type StorageKey = string

/** The bytes from `first` to `last`, both included, both from 0. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** The result of receiving bytes: the bytes are durable under `storageKey`, and no client can read them before the commit. */
export interface Receipt {
  readonly storageKey: StorageKey
  /**
   * Keeps the intent until the bytes are committed or given up; both end the lease. Undefined for bytes whose intent lasts
   * as long as their upload.
   */
  readonly lease: Lease | undefined
  /** The room that the upload took; undefined when no limit bounds it, or its announcement has the room. */
  readonly room?: Room | undefined
  /** Bytes. */
  readonly size: number
  readonly digests: Digests
  /** CRC-32 of each block of `blockBytes`, four bytes each, big-endian. */
  readonly blockCrc32: Buffer
  /** The first bytes, at most `headBytes`: most media types are detected from them alone. */
  readonly head: Buffer
}

/** The hold of a running request on an intent: while the lease is renewed, maintenance does not remove the bytes. */
export interface Lease {
  /** Throws `upload-fenced` once the lease is lost, and `database-unavailable` once the database is gone. */
  insist(): void
  /** Stops the renewal. */
  end(): void
}

/** The room of a running upload in the allowances of its subjects. The commit turns it into a file; `end` gives it back. */
export interface Room {
  /** The id of the reservation, which the commit ends; undefined while nothing is reserved. */
  readonly reservation: string | undefined
  /** Takes more room if a file of this size in bytes needs it; else undefined. Rejects with `quota-exceeded`. */
  insist(size: number): Promise<void> | undefined
  /** Keeps the room for another lease. */
  renew(): Promise<void>
  end(): Promise<void>
}

/** The digests of received bytes, in binary. */
export interface Digests {
  readonly sha256: Buffer
  readonly sha1: Buffer
  readonly md5: Buffer
  /** Only when the client sent one to compare with. */
  readonly sha512?: Buffer | undefined
}

/** The bytes of a blob that one CRC-32 covers, and that are read at once when a file is served. */
export const blockBytes = 2 ** 20

/**
 * The bytes at the start of a file that stay in memory until its media type is detected. A file of this size or a smaller one
 * is in memory as a whole, because its digests are computed in one call.
 */
export const headBytes = 64 * 1024

/** A file of at most this size is read, checked and sent in one piece. */
export const smallFileBytes = 64 * 1024

/** A blob in the database, and the facts that its bytes are checked with. */
export interface StoredBlob {
  readonly id: number
  readonly storageKey: StorageKey
  /** Bytes. */
  readonly size: number
  readonly sha256: Buffer
  /** As in `Receipt`. */
  readonly blockCrc32: Buffer
}

/** A file about to be committed, and the received bytes it will refer to. */
export interface NewFile {
  readonly id: string
  readonly bucket: string
  readonly name: string
  /** Whether this file has its name in the bucket to itself: a file that had the name to itself before is deleted. */
  readonly named: boolean
  readonly mediaType: string
  /** As in `FileRecord`. */
  readonly owner: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  /** Lifetime, counted from the commit on the database's clock; undefined means for ever. */
  readonly expiresInSeconds: number | undefined
  /** As in `FileRecord`. */
  readonly createdBy: string | null
  readonly bytes: NewBlob
}

/** Received bytes that become a blob, unless the bucket has a blob of the same bytes. */
export interface NewBlob {
  readonly storageKey: StorageKey
  /** Bytes. */
  readonly size: number
  readonly sha256: Buffer
  readonly sha1: Buffer
  readonly md5: Buffer
  /** As in `Receipt`. */
  readonly blockCrc32: Buffer
}
