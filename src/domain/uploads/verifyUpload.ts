import type { Deps } from '../../deps.ts'
import { fileNotFound } from '../../errors/files.ts'
import { fileMissingYet, sizeMismatch } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import type { Actor } from '../../model/actor.ts'
import type { FileRecord } from '../../model/file.ts'
import type { UploadRecord } from '../../model/upload.ts'
import { beginLease, giveUp } from '../storing/lease.ts'
import { commitUpload } from './commitUpload.ts'
import { findDurableFile, requireUpload } from './findUpload.ts'
import { receiptOfStored } from './readStored.ts'
import { singleFlight } from './singleFlight.ts'

/**
 * Verifies the bytes that a client wrote to the storage, and makes them the file of the upload. The bytes are first copied to a
 * key that no client can write to. Concurrent calls in one process share one verification. Throws `file-missing-yet`,
 * `file-not-found`, and what `commitUpload` throws; the client may write the bytes again then.
 */
export function verifyUpload(deps: Deps, actor: Actor, upload: UploadRecord): Promise<FileRecord> {
  return singleFlight(deps.verifications, upload.id, () => verify(deps, actor, upload))
}

async function verify(deps: Deps, actor: Actor, upload: UploadRecord): Promise<FileRecord> {
  const { storageKey: stagingKey } = upload
  const size = stagingKey === null ? undefined : await deps.storage.size(stagingKey)
  if (stagingKey === null || size === undefined) return await requireFile(deps, actor, upload)
  if (upload.size !== null && size !== upload.size) throw sizeMismatch(upload.size, size)
  const storageKey = await deps.keys.take()
  const lease = beginLease(deps, storageKey)
  try {
    await deps.storage.compose(storageKey, [stagingKey])
    // The client may have written other bytes since their size was read.
    const copied = (await deps.storage.size(storageKey)) ?? 0
    const receipt = await receiptOfStored(deps, { storageKey, size: copied, lease })
    return await commitUpload(deps, upload, receipt, { repeatable: false })
  } catch (error) {
    await giveUp(deps, { storageKey, lease })
    // Another process may have committed the upload first, and the client's bytes may be removed since.
    if (!hasCode(error, 'upload-taken') && !hasCode(error, 'file-not-found')) throw error
    return await requireFile(deps, actor, upload)
  }
}

/** The file of the upload. Throws `file-missing-yet`, or `file-not-found` when the upload expired or the file was deleted. */
async function requireFile(deps: Deps, actor: Actor, upload: UploadRecord): Promise<FileRecord> {
  const file = await findDurableFile(deps, upload)
  if (file) return file
  const { expiresAt } = await requireUpload(deps, actor, upload.id)
  throw expiresAt === null ? fileNotFound() : fileMissingYet()
}
