/** One file as its owner sees it. */
export interface FileRecord {
  readonly id: string
  readonly bucket: string
  readonly name: string
  readonly mediaType: string
  readonly size: number
  /** SHA-256, SHA-1 and MD5 of the bytes, in lower-case hex. */
  readonly hash: string
  readonly sha1: string
  readonly md5: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** Counts the changes, from 1. */
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly storedAt: Date
  readonly expiresAt: Date | null
  readonly deletedAt: Date | null
}

/** What names a file: its id, or one of the digests of its bytes within a bucket. */
export interface FileReference {
  readonly kind: 'id' | 'sha256' | 'sha1' | 'md5'
  readonly value: string
  readonly bucket: string
}

export interface FileChanges {
  readonly name?: string
  readonly mediaType?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly expiresAt?: Date | null
}

/** Which file, and at which of its versions; undefined means whichever it is at. */
export interface FileVersion {
  readonly id: string
  readonly version: number | undefined
}

/** Where a file's bytes are and how each block of them is checked. */
export interface FileContent {
  readonly file: FileRecord
  readonly blobId: number
  readonly storageKey: string
  readonly blockCrc32: Buffer
}
