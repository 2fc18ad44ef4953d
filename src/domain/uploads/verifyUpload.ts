import type { Deps } from '../../deps.ts'
import { fileNotFound } from '../../errors/files.ts'
import { fileMissingYet, sizeMismatch } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import type { FileRecord } from '../../model/file.ts'
import type { UploadRecord } from '../../model/upload.ts'
import { beginLease, giveUp } from '../storing/lease.ts'
import { commitUpload } from './commitUpload.ts'
import { requireUpload, settledFileOf } from './findUpload.ts'
import { receiptOfStored } from './readStored.ts'
import { singleFlight } from './singleFlight.ts'

/**
 * Looks at what a client wrote to the storage, and makes it a file: its bytes are copied to a key that nobody can write to,
 * read there, and judged. Asked for several times at once, it is done once. Throws `file-missing-yet`, and what
 * `commitUpload` throws; the client may write again then.
 */
export function verifyUpload(deps: Deps, upload: UploadRecord): Promise<FileRecord> {
  return singleFlight(deps.verifications, upload.id, () => verify(deps, upload))
}

async function verify(deps: Deps, upload: UploadRecord): Promise<FileRecord> {
  const { storageKey: stagingKey } = upload
  const size = stagingKey === null ? undefined : await deps.storage.size(stagingKey)
  if (stagingKey === null || size === undefined) return await settled(deps, upload)
  if (upload.size !== null && size !== upload.size) throw sizeMismatch(upload.size, size)
  const storageKey = await deps.keys.take()
  const lease = beginLease(deps, storageKey)
  try {
    await deps.storage.compose(storageKey, [stagingKey])
    // It may have been written again since it was looked at.
    const copied = (await deps.storage.size(storageKey)) ?? 0
    const receipt = await receiptOfStored(deps, { storageKey, size: copied, lease })
    return await commitUpload(deps, upload, receipt, { repeatable: false })
  } catch (error) {
    await giveUp(deps, { storageKey, lease })
    // Another process may have been quicker, and what it had no use for any more be gone.
    if (!hasCode(error, 'upload-taken') && !hasCode(error, 'file-not-found')) throw error
    return await settled(deps, upload)
  }
}

/** What the upload is by now. Throws `file-missing-yet`, or `file-not-found` when it expired or its file was deleted. */
async function settled(deps: Deps, upload: UploadRecord): Promise<FileRecord> {
  const file = await settledFileOf(deps, upload)
  if (file) return file
  const { expiresAt } = await requireUpload(deps, upload.id)
  throw expiresAt === null ? fileNotFound() : fileMissingYet()
}
