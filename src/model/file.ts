import type { StorageKey } from './blob.ts'

/** One file as its owner sees it. Times are texts in the form of RFC 3339, in UTC, with milliseconds. */
export interface FileRecord {
  readonly id: string
  readonly bucket: string
  readonly name: string
  /** Whether the file has its name in the bucket to itself; only then the name may have folders. */
  readonly named: boolean
  readonly mediaType: string
  /** The user whom the file belongs to: 1 to 255 characters; null for nobody. */
  readonly owner: string | null
  /** Bytes. */
  readonly size: number
  /** SHA-256 of the bytes in lower-case hex, as the other digests. */
  readonly hash: string
  readonly sha1: string
  readonly md5: string
  /** A JSON object as text, as `JSON.stringify` writes it. */
  readonly metadata: string
  /** 1 for a new file; every change adds 1. */
  readonly version: number
  readonly createdAt: string
  readonly updatedAt: string
  /** When the bytes were committed. */
  readonly storedAt: string
  /** Null means never. */
  readonly expiresAt: string | null
  /** Null for a file that is not deleted. */
  readonly deletedAt: string | null
  /** The actor that made the file, as `key:<id>`; null in an open service. */
  readonly createdBy: string | null
}

/** The name of a file for clients: its id, or one of the digests of its bytes within a bucket. */
export interface FileReference {
  readonly kind: 'id' | 'sha256' | 'sha1' | 'md5'
  /** A UUID, or a digest in lower-case hex. */
  readonly value: string
  /** Not used for an id. */
  readonly bucket: string
}

/** New values for fields of a file; a missing field keeps its value. */
export interface FileChanges {
  /** As a client sends it; the domain converts it. */
  readonly name?: string
  readonly mediaType?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly expiresAt?: string | null
  readonly owner?: string | null
}

/** A change, and the actor that makes it, as `createdBy` of a file. */
export interface SignedChanges extends FileChanges {
  readonly changedBy: string | null
}

/** A file at one of its versions; without a version, the file at its current version. */
export interface FileVersion {
  readonly id: string
  readonly version: number | undefined
}

/** A file, with its storage key and checksums. */
export interface FileContent {
  readonly file: FileRecord
  readonly blobId: number
  readonly storageKey: StorageKey
  /** As in `Receipt`. */
  readonly blockCrc32: Buffer
}

/** Judges a file before it is changed. Throws `precondition-failed` when the file differs from the one that the caller knows. */
export type FileCondition = (file: FileRecord) => void

/** Judges the live file that has a name to itself, undefined when there is none. Throws to leave the name as it is. */
export type NameCondition = (file: FileRecord | undefined) => void
