import { type Selectable, sql } from 'kysely'
import { quotaExceeded } from '../../errors/files.ts'
import { filesMovedAway } from '../../errors/service.ts'
import type { Subject } from '../../model/allowance.ts'
import type { UploadRecord, UploadStatus } from '../../model/upload.ts'
import type { Database, Schema } from '../schema.ts'
import { inSeconds } from './inSeconds.ts'
import { insertIntents } from './intents.ts'
import { takeRoom } from './reservations.ts'

/** An upload before it is announced; the database adds the other fields. */
export type NewUpload = Omit<UploadRecord, 'partsDigest' | 'status' | 'updatedAt' | 'expiresAt'>

/** The intent outlives the upload by 10 minutes: a client may still be sending bytes when the upload expires. */
export const slackSeconds = 600

const isOpen = sql<boolean>`(expires_at is null or expires_at > now())`

/** The upload of this id; undefined when there is none or it has expired. */
export async function findUpload(db: Database, id: string): Promise<UploadRecord | undefined> {
  const row = await db.selectFrom('uploads').selectAll().where('id', '=', id).where(isOpen).executeTakeFirst()
  return row && toUploadRecord(row)
}

export interface UploadOptions {
  readonly storageId: string
  readonly expiresInSeconds: number
  /** The subjects whose limits bound the file. */
  readonly subjects: readonly Subject[]
}

/**
 * Inserts an upload, and the intent of its storage key if it has one (I4), and takes room for its file for as long as the upload
 * lasts. Throws `quota-exceeded`, and `storage-unavailable` when the storage takes no new bytes any more.
 */
export async function insertUpload(
  db: Database,
  upload: NewUpload,
  { storageId, expiresInSeconds, subjects }: UploadOptions,
): Promise<UploadRecord> {
  return await db.transaction().execute(async (trx) => {
    const leaseSeconds = expiresInSeconds + slackSeconds
    if (
      upload.storageKey !== null &&
      !(await insertIntents(trx, [upload.storageKey], { storageId, leaseSeconds }))
    )
      throw filesMovedAway()
    const row = await trx
      .insertInto('uploads')
      .values({
        id: upload.id,
        bucket: upload.bucket,
        name: upload.name,
        declared_type: upload.declaredType,
        size: upload.size,
        sha256: upload.sha256,
        metadata: JSON.stringify(upload.metadata),
        owner: upload.owner,
        parts: upload.parts,
        storage_key: upload.storageKey,
        s3_upload_id: upload.partsId,
        created_by: upload.createdBy,
        expires_at: inSeconds(expiresInSeconds),
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    if (subjects.length > 0) {
      const size = upload.size ?? 0
      const room = { id: upload.id, subjects, files: 1, least: size, most: size, expiresInSeconds } as const
      const answer = await takeRoom(trx, room)
      if ('refusedBy' in answer) throw quotaExceeded(answer.refusedBy.kind)
    }
    return toUploadRecord(row)
  })
}

/** Sets the id of the multipart upload in S3. */
export async function setPartsId(db: Database, id: string, partsId: string): Promise<void> {
  await db.updateTable('uploads').set({ s3_upload_id: partsId }).where('id', '=', id).execute()
}

/**
 * Reserves a pending upload for one list of parts: no other list can complete the upload until `releaseParts`. False when the
 * upload is reserved for another list, or is not pending any more.
 */
export async function reserveForParts(db: Database, id: string, partsDigest: Buffer): Promise<boolean> {
  const row = await db
    .updateTable('uploads')
    .set({ parts_digest: partsDigest })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .where('expires_at', '>', sql<string>`now()`)
    .where((is) => is.or([is('parts_digest', 'is', null), is('parts_digest', '=', partsDigest)]))
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Lets other lists of parts complete a pending upload again. */
export async function releaseParts(db: Database, id: string, partsDigest: Buffer): Promise<void> {
  await db
    .updateTable('uploads')
    .set({ parts_digest: null })
    .where('id', '=', id)
    .where('parts_digest', '=', partsDigest)
    .where('expires_at', 'is not', null)
    .execute()
}

/** Changes the status of an upload. Undefined when the upload is not in the status `from`, or does not exist any more. */
export async function moveUpload(
  db: Database,
  id: string,
  { from, to }: { from: UploadStatus; to: UploadStatus },
): Promise<UploadRecord | undefined> {
  const row = await db
    .updateTable('uploads')
    .set({ status: to, updated_at: sql<string>`now()` })
    .where('id', '=', id)
    .where('status', '=', from)
    .where(isOpen)
    .returningAll()
    .executeTakeFirst()
  return row && toUploadRecord(row)
}

const toUploadRecord = (row: Selectable<Schema['uploads']>): UploadRecord => ({
  id: row.id,
  bucket: row.bucket,
  name: row.name,
  declaredType: row.declared_type,
  size: row.size,
  sha256: row.sha256,
  metadata: row.metadata,
  owner: row.owner,
  parts: row.parts,
  storageKey: row.storage_key,
  partsId: row.s3_upload_id,
  partsDigest: row.parts_digest,
  status: row.status,
  updatedAt: row.updated_at,
  expiresAt: row.expires_at,
  createdBy: row.created_by,
})
