import type { NewFile } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'

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
