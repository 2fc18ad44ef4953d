import {
  findBlob,
  insertBlob,
  insertFile,
  type KnownBlob,
  replaceBlobBytes,
  takeIntent,
} from '../../database/commit/commitSteps.ts'
import { ensureBucket, lockBucket } from '../../database/rows/buckets.ts'
import { clearName } from '../../database/rows/fileChanges.ts'
import { findLiveFileOfBlob } from '../../database/rows/files.ts'
import { completeIdempotent, type KeyHold } from '../../database/rows/idempotency.ts'
import { settleRoom } from '../../database/rows/reservations.ts'
import { insertTrash } from '../../database/rows/trash.ts'
import { type FinishedUpload, finishUpload } from '../../database/rows/uploadEnds.ts'
import type { Database, DatabaseTransaction } from '../../database/schema.ts'
import type { Deps } from '../../deps.ts'
import { bucketNotFound } from '../../errors/buckets.ts'
import { quotaExceeded } from '../../errors/files.ts'
import { idempotentRequestRunning } from '../../errors/requests.ts'
import { uploadFenced } from '../../errors/service.ts'
import { uploadTaken } from '../../errors/uploads.ts'
import type { Reach } from '../../model/actor.ts'
import type { Subject } from '../../model/allowance.ts'
import type { NewFile, Room, StorageKey } from '../../model/blob.ts'
import type { FileRecord, NameCondition } from '../../model/file.ts'
import type { UploadRecord } from '../../model/upload.ts'
import { failpoint } from '../../runtime/failpoint.ts'

/** A file to commit, and everything that the same transaction has to decide and record. */
export interface CommitRequest {
  readonly file: NewFile
  /** Whether the bucket may have several live files with the same bytes. */
  readonly duplicates: 'refuse' | 'allow'
  /** The files that count as duplicates: nobody learns of others. */
  readonly reach: Reach
  /** Whether the file may make its bucket. */
  readonly makesBucket: boolean
  /** Judges the file that a named file replaces. */
  readonly nameCondition?: NameCondition | undefined
  /** The upload that announced this file, if one did, and the list of parts that makes the file. */
  readonly upload?: Pick<UploadRecord, 'id' | 'partsDigest'>
  /** Whether the bytes may be committed later after a failure: their intent then stays. */
  readonly repeatable?: boolean
  /** The subjects whose limits for all files together count. */
  readonly subjects: readonly Subject[]
  /** The room of the received bytes, beside that of the upload. */
  readonly room?: Room | undefined
  readonly idempotent?: { readonly hold: KeyHold; readonly fingerprint: Buffer } | undefined
}

/** The outcome of one attempt to commit a file. `parts`: the keys of the upload's parts, which are in the trash. */
export type CommitOutcome =
  | { readonly kind: 'stored'; readonly file: FileRecord; readonly parts: readonly StorageKey[] }
  /** The bucket has a file with these bytes. `healed`: the received bytes replaced damaged bytes of that file. */
  | {
      readonly kind: 'exists'
      readonly file: FileRecord
      readonly healed: boolean
      readonly parts: readonly StorageKey[]
    }
  /** The blob or the bucket changed during the attempt, and nothing was committed. */
  | { readonly kind: 'again' }

/**
 * Commits one file in a transaction of its own (U9-U12), also when the bucket has a blob of the same bytes. Throws
 * `upload-fenced` when the intent was reaped, `idempotent-request-running` when the claim ran out, `upload-taken` when the
 * upload has its file already, `bucket-not-found`, `quota-exceeded` when the room that it needs was not reserved and is not
 * there, and what the condition and the database throw.
 */
export async function commitAlone(
  { config, db, storage }: Deps,
  request: CommitRequest,
): Promise<CommitOutcome> {
  const { readGraceSeconds } = config.protocol
  const { file, duplicates, idempotent, upload, nameCondition } = request
  // Before the transaction, because no call to the storage is made inside one.
  const known = await findBlob(db, file.bucket, file.bytes)
  const healthy =
    known !== undefined && !known.damaged && (await storage.size(known.storageKey)) === file.bytes.size

  return inTransaction(db, async (trx) => {
    await failpoint('U9')
    if (!(await takeIntent(trx, file.bytes.storageKey))) throw uploadFenced()
    await failpoint('U10')
    const finished = upload
      ? await finishUpload(trx, upload, file.bytes.storageKey)
      : { parts: [], reserved: false }
    if (!finished) throw uploadTaken()
    const { parts } = finished
    const blobId = known ? await lockBlob(trx, file, known) : await insertBlob(trx, file)
    if (blobId === undefined) return { kind: 'again' }

    const existing =
      known && duplicates === 'refuse' ? await findLiveFileOfBlob(trx, blobId, request.reach) : undefined
    if (existing && healthy) return { kind: 'exists', file: existing, healed: false, parts: [] }
    if (known && healthy)
      await insertTrash(trx, file.bytes.storageKey, { reason: 'duplicate', graceSeconds: 0 })
    if (known && !healthy) {
      await replaceBlobBytes(trx, blobId, file.bytes)
      await insertTrash(trx, known.storageKey, { reason: 'healed', graceSeconds: readGraceSeconds })
    }
    if (existing) return { kind: 'exists', file: existing, healed: true, parts }

    if (request.makesBucket) await ensureBucket(trx, file.bucket)
    if (!(await lockBucket(trx, file.bucket))) {
      if (!request.makesBucket) throw bucketNotFound()
      return { kind: 'again' } // another transaction has just deleted the bucket
    }
    if (file.named) await clearName(trx, file, nameCondition)
    const stored = await insertFile(trx, file, blobId)
    await settle(trx, request, finished)
    if (idempotent && !(await completeIdempotent(trx, idempotent, stored))) throw idempotentRequestRunning()
    await failpoint('U11')
    return { kind: 'stored', file: stored, parts }
  })
}

/** Turns the room that was reserved into the room of the file, which the insertion of the file has counted. */
async function settle(
  trx: DatabaseTransaction,
  { file, subjects, room, upload }: CommitRequest,
  { reserved }: Pick<FinishedUpload, 'reserved'>,
): Promise<void> {
  const ids = [room?.reservation, reserved ? upload?.id : undefined]
  const reservations = ids.filter((id) => id !== undefined)
  if (subjects.length === 0 && reservations.length === 0) return
  const full = await settleRoom(trx, { reservations, subjects, size: file.bytes.size })
  if (full) throw quotaExceeded(full.kind)
}

/** Locks the blob's row and returns its id; undefined when the blob is gone or refers to other bytes by now. */
async function lockBlob(
  trx: DatabaseTransaction,
  file: NewFile,
  known: KnownBlob,
): Promise<number | undefined> {
  const locked = await findBlob(trx, file.bucket, file.bytes)
  const unchanged =
    locked?.id === known.id && locked.storageKey === known.storageKey && locked.damaged === known.damaged
  return unchanged ? known.id : undefined
}

/** Runs the work in a transaction, and rolls back when the outcome needs no change of the database. */
async function inTransaction(
  db: Database,
  work: (trx: DatabaseTransaction) => Promise<CommitOutcome>,
): Promise<CommitOutcome> {
  const trx = await db.startTransaction().execute()
  try {
    const outcome = await work(trx)
    if (outcome.kind === 'again' || (outcome.kind === 'exists' && !outcome.healed)) {
      await trx.rollback().execute()
      return outcome
    }
    await failpoint('U12')
    await trx.commit().execute()
    await failpoint('U13')
    return outcome
  } catch (error) {
    if (!trx.isCommitted && !trx.isRolledBack)
      await trx
        .rollback()
        .execute()
        .catch(() => {})
    throw error
  }
}
