import type { ColumnType, Generated, Kysely, Transaction } from 'kysely'
import type { Scope } from '../model/actor.ts'
import type { AuditAction } from '../model/audit.ts'
import type { LinkRule, UserRule, Visibility } from '../model/bucket.ts'
import type { FileRecord } from '../model/file.ts'
import type { UploadStatus } from '../model/upload.ts'

/**
 * The tables as `migrations/` creates them. bigint columns are read as numbers: no file has 2^53 bytes. Times are read as texts
 * in the form of RFC 3339, in UTC, with milliseconds.
 */
export interface Schema {
  installation: {
    id: Generated<number>
    storage_id: string
    link_secret: string | null
    created_at: Generated<string>
  }
  access_keys: {
    id: string
    name: string
    secret_hash: Buffer
    previous_hash: Buffer | null
    previous_until: string | null
    scopes: Scope[]
    buckets: Generated<string[]>
    prefix: Generated<string>
    created_by: string | null
    created_at: Generated<string>
    expires_at: string | null
    revoked_at: string | null
    last_used_at: string | null
    rate_per_minute: number | null
    requests_per_month: number | null
  }
  key_months: { key_id: string; month: string; requests: number }
  rate_counts: { minute: number; subject: string; used: number }
  audit: {
    id: Generated<number>
    at: Generated<string>
    actor: string | null
    action: AuditAction
    target: string
    details: ColumnType<Record<string, unknown>, string, never>
    buckets: string[]
    prefix: string
    request_id: string | null
    address: string | null
  }
  access_state: { id: Generated<number>; locked_at: string | null }
  buckets: {
    name: string
    visibility: Generated<Visibility>
    links: Generated<LinkRule>
    users: Generated<UserRule>
    max_file_size: number | null
    allowed_types: Generated<string[]>
    expires_in_seconds: number | null
    created_at: Generated<string>
    updated_at: Generated<string>
  }
  allowances: {
    id: Generated<number>
    subject: string
    max_bytes: number | null
    max_files: number | null
    used_bytes: Generated<number>
    used_files: Generated<number>
    deleted_bytes: Generated<number>
    reserved_bytes: Generated<number>
    reserved_files: Generated<number>
    ready: Generated<boolean>
  }
  reservations: { id: string; allowances: number[]; bytes: number; files: number; expires_at: string }
  storages: { id: string; complete: boolean; writable: boolean; created_at: Generated<string> }
  copies: { storage_id: string; storage_key: string }
  intents: {
    storage_key: string
    sequence: Generated<number>
    storage_id: string | null
    lease_expires_at: string
    created_at: Generated<string>
  }
  trash: { storage_key: string; reason: TrashReason; remove_after: string; created_at: Generated<string> }
  blobs: {
    id: Generated<number>
    bucket: string
    sha256: Buffer
    sha1: Buffer
    md5: Buffer
    size: number
    storage_key: string
    block_crc32: Buffer
    verified_at: Generated<string>
    damaged_at: string | null
  }
  files: {
    id: string
    bucket: string
    name: string
    media_type: string
    size: number
    blob_id: number
    metadata: ColumnType<Record<string, unknown>, string, string>
    version: Generated<number>
    named: Generated<boolean>
    created_at: Generated<string>
    updated_at: Generated<string>
    stored_at: Generated<string>
    expires_at: string | null
    deleted_at: string | null
    created_by: string | null
    changed_by: string | null
    owner: string | null
  }
  uploads: {
    id: string
    bucket: string
    name: string
    declared_type: string
    size: number | null
    sha256: Buffer | null
    metadata: ColumnType<Record<string, unknown>, string, string>
    parts: boolean
    storage_key: string | null
    s3_upload_id: string | null
    parts_digest: Buffer | null
    status: Generated<UploadStatus>
    created_at: Generated<string>
    updated_at: Generated<string>
    expires_at: string | null
    created_by: string | null
    owner: string | null
  }
  upload_parts: {
    upload_id: string
    number: number
    storage_key: string
    size: number
    md5: Buffer
    block_crc32: Buffer | null
    created_at: Generated<string>
  }
  idempotency: {
    key: string
    fingerprint: Buffer | null
    file_id: string | null
    response: ColumnType<StoredFileRecord | null, string | null, string | null>
    locked_until: string
    created_at: Generated<string>
  }
}

/** A FileRecord in JSON, as this version or an earlier one stored it: a field that an earlier version lacks is optional. */
export type StoredFileRecord = Partial<FileRecordJson> & Pick<FileRecordJson, FieldBefore>

type FileRecordJson = Omit<FileRecord, 'metadata'> & { readonly metadata: Readonly<Record<string, unknown>> }

type FieldBefore =
  | ('id' | 'bucket' | 'name' | 'mediaType' | 'size' | 'hash' | 'sha1' | 'md5' | 'metadata' | 'version')
  | ('createdAt' | 'updatedAt' | 'storedAt' | 'expiresAt' | 'deletedAt')

/** Why bytes are removed; `docs/storage-protocol.md` names the step of each reason. */
export type TrashReason = 'aborted' | 'reaped' | 'duplicate' | 'unreferenced' | 'healed' | 'orphan'

export type Database = Kysely<Schema>
export type DatabaseTransaction = Transaction<Schema>
