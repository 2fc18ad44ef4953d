import type { FileRecord } from '../../model/file.ts'

/** A FileRecord as JSON keeps it: its times are RFC 3339. */
export type FileRecordJson = {
  readonly [Key in keyof FileRecord]: FileRecord[Key] extends Date
    ? string
    : FileRecord[Key] extends Date | null
      ? string | null
      : FileRecord[Key]
}

/** A row of files joined with its blob, as the columns below select it. */
export interface FileRow {
  id: string
  bucket: string
  name: string
  media_type: string
  size: number
  sha256: string
  sha1: string
  md5: string
  metadata: Record<string, unknown>
  version: number
  created_at: Date
  updated_at: Date
  stored_at: Date
  expires_at: Date | null
  deleted_at: Date | null
}

/** What a FileRow selects, where `f` is files and `b` is blobs, and `metadata` the expression for that column. */
export const columnsWith = (
  metadata: string,
) => `f.id, f.bucket, f.name, f.media_type, f.size, ${metadata}, f.version,
  f.created_at, f.updated_at, f.stored_at, f.expires_at, f.deleted_at,
  encode(b.sha256, 'hex') as sha256, encode(b.sha1, 'hex') as sha1, encode(b.md5, 'hex') as md5`

export const fileColumns = columnsWith('f.metadata')

/**
 * A file that can be seen: neither deleted nor expired. Meant for files that a blob or an id names, so it is put in words
 * that no partial index matches: until the first ANALYZE the planner takes one file in 200 for live, and would read all of
 * them from such an index.
 */
export const isLive = `coalesce(f.deleted_at, 'infinity') = 'infinity' and (f.expires_at is null or f.expires_at > now())`

export const toFileRecord = (row: FileRow): FileRecord => ({
  id: row.id,
  bucket: row.bucket,
  name: row.name,
  mediaType: row.media_type,
  size: row.size,
  hash: row.sha256,
  sha1: row.sha1,
  md5: row.md5,
  metadata: row.metadata,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  storedAt: row.stored_at,
  expiresAt: row.expires_at,
  deletedAt: row.deleted_at,
})
