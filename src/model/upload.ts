import type { StorageKey } from './blob.ts'

/** S3 takes no more parts than that for one object, and the service takes no more itself. */
export const MAX_PARTS = 10_000

export type UploadStatus = 'pending' | 'uploaded' | 'processing' | 'completed' | 'failed'

/** A file to be, under the id it will have; once there is a file, what became of it. */
export interface UploadRecord {
  readonly id: string
  readonly bucket: string
  readonly name: string
  /** As its sender said: a media type, or a family as `image`. */
  readonly declaredType: string
  /** Bytes; null when its sender did not say. */
  readonly size: number | null
  readonly sha256: Buffer | null
  readonly metadata: Readonly<Record<string, unknown>>
  /** Whether it comes in parts. */
  readonly parts: boolean
  /** Where the client writes, if it writes to the storage itself. */
  readonly storageKey: StorageKey | null
  /** What the storage calls its parts. */
  readonly partsId: string | null
  readonly status: UploadStatus
  readonly updatedAt: Date
  /** When it is given up; null once there is a file. */
  readonly expiresAt: Date | null
}

/** A part of an upload that the service received itself. */
export interface UploadPart {
  /** From 1 to `MOST_PARTS`. */
  readonly number: number
  readonly storageKey: StorageKey
  /** Bytes. */
  readonly size: number
  readonly md5: Buffer
  /** As a file has them; null for one that a version without them received. */
  readonly blockCrc32: Buffer | null
}

const next: Readonly<Record<UploadStatus, readonly UploadStatus[]>> = {
  pending: ['uploaded'],
  uploaded: ['processing'],
  processing: ['completed', 'failed'],
  failed: ['pending'],
  completed: [],
}

/** Whether an upload may go from one status to the other. */
export const mayBecome = (from: UploadStatus, to: UploadStatus): boolean => next[from].includes(to)
