import type { FileRecord } from '../rows/fileRecord.ts'

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

/** What the database adds to a new file. */
export interface CommittedRow {
  created_at: Date
  expires_at: Date | null
}

/** The record of a file that was just inserted. */
export function toCommittedFile(
  { bytes, expiresInSeconds: _, named: __, ...file }: NewFile,
  { created_at: at, expires_at: expiresAt }: CommittedRow,
): FileRecord {
  return {
    ...file,
    size: bytes.size,
    hash: bytes.sha256.toString('hex'),
    sha1: bytes.sha1.toString('hex'),
    md5: bytes.md5.toString('hex'),
    version: 1,
    expiresAt,
    createdAt: at,
    updatedAt: at,
    storedAt: at,
    deletedAt: null,
  }
}
