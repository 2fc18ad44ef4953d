/**
 * The name of bytes in a storage: two hex digits, a slash, 32 random hex digits. A key is used once, never again. Clients
 * may write under keys that begin with `staging/`: such bytes are copied to another key before they become a file.
 */
export type StorageKey = string

/** The bytes from `first` to `last`, both included, both from 0. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** What receiving bytes yields: they are durable under `storageKey`, and nobody can see them until they are committed. */
export interface Receipt {
  readonly storageKey: StorageKey
  /**
   * Keeps the intent until the bytes are committed or given up; either ends it. Undefined for bytes whose intent lasts as long
   * as their upload.
   */
  readonly lease: Lease | undefined
  /** Bytes. */
  readonly size: number
  readonly digests: Digests
  /** CRC-32 of each block of `blockBytes`, four bytes each, big-endian. */
  readonly blockCrc32: Buffer
  /** The first bytes, at most `headBytes`, to tell the media type from. */
  readonly head: Buffer
}

/** The hold of a running request on an intent: while it is renewed, nobody takes the bytes away. */
export interface Lease {
  /** Throws `upload-fenced` once the lease is lost. */
  insist(): void
  end(): void
}

export interface Digests {
  readonly sha256: Buffer
  readonly sha1: Buffer
  readonly md5: Buffer
  /** Only when the client sent one to compare with. */
  readonly sha512?: Buffer | undefined
}

/** How much of a blob one CRC-32 covers, and how much is read at once when bytes are served. */
export const blockBytes = 2 ** 20

/** How many bytes from the start tell a media type. */
export const headBytes = 4100

export interface StoredBlob {
  readonly id: number
  readonly storageKey: string
  readonly size: number
  readonly sha256: Buffer
  readonly blockCrc32: Buffer
}

/** A file about to be committed, and the received bytes it will refer to. */
export interface NewFile {
  readonly id: string
  readonly bucket: string
  readonly name: string
  /** Whether it has its name in the bucket to itself: a file that had it before is deleted. */
  readonly named: boolean
  readonly mediaType: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** Counted on the database's clock, which also says when the file is over. */
  readonly expiresInSeconds: number | undefined
  readonly bytes: NewBlob
}

export interface NewBlob {
  readonly storageKey: string
  readonly size: number
  readonly sha256: Buffer
  readonly sha1: Buffer
  readonly md5: Buffer
  readonly blockCrc32: Buffer
}

/** The bytes from `first` to `last`, both included, both from 0. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}
