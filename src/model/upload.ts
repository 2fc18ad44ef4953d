import type { StorageKey } from './blob.ts'

/** The largest number of parts of one object in S3, and so of one upload. */
export const MAX_PARTS = 10_000

/** `uploaded` means that the file exists; the application sets the later statuses itself. */
export type UploadStatus = 'pending' | 'uploaded' | 'processing' | 'completed' | 'failed'

/**
 * An announced file. The file will have the same id, and the upload keeps the status after the file exists. Times as in
 * `FileRecord`.
 */
export interface UploadRecord {
  readonly id: string
  readonly bucket: string
  readonly name: string
  /** The sender's word: a media type, or a family as `image`. */
  readonly declaredType: string
  /** Bytes; null when the sender did not name a size. */
  readonly size: number | null
  /** Null when the sender did not name a digest. */
  readonly sha256: Buffer | null
  readonly metadata: Readonly<Record<string, unknown>>
  /** Of the future file, as in `FileRecord`. */
  readonly owner: string | null
  /** Whether the client sends the file in parts. */
  readonly parts: boolean
  /** The key that the client writes to in the storage; null when the client sends the bytes to the service. */
  readonly storageKey: StorageKey | null
  /** The id of the multipart upload in S3; null when the service keeps the parts, or there are none. */
  readonly partsId: string | null
  /** The digest of the list of parts that makes the file; null while any list may, and when it is not known. */
  readonly partsDigest: Buffer | null
  readonly status: UploadStatus
  readonly updatedAt: string
  /** When the upload is given up; null after the file exists. */
  readonly expiresAt: string | null
  /** The actor that announced the file, as `key:<id>`; null in an open service. The file will have the same. */
  readonly createdBy: string | null
}

/** A part of an upload that the service received itself. */
export interface UploadPart {
  /** From 1 to `MAX_PARTS`. */
  readonly number: number
  readonly storageKey: StorageKey
  /** Bytes. */
  readonly size: number
  readonly md5: Buffer
  /** As in `Receipt`; null for a part that an older version of the service received. */
  readonly blockCrc32: Buffer | null
}

const transitions: Readonly<Record<UploadStatus, readonly UploadStatus[]>> = {
  pending: ['uploaded'],
  uploaded: ['processing'],
  processing: ['completed', 'failed'],
  failed: ['pending'],
  completed: [],
}

/** Whether an upload may go from one status to the other. */
export const mayBecome = (from: UploadStatus, to: UploadStatus): boolean => transitions[from].includes(to)
