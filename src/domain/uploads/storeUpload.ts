import type { Deps } from '../../deps.ts'
import { fileNotFound } from '../../errors/files.ts'
import { uploadTaken } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import type { Actor } from '../../model/actor.ts'
import type { Receipt } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import { giveUp } from '../storing/lease.ts'
import { commitUpload } from './commitUpload.ts'
import { findDurableFile, requireUpload } from './findUpload.ts'

/**
 * Makes received bytes the file of an upload whose client sent them to the service with a signed link. A second request with
 * the same bytes gets the same file; other bytes are refused with `upload-taken`. Throws `file-not-found` and what
 * `commitUpload` throws; unused bytes are then in the trash.
 */
export async function storeUpload(
  deps: Deps,
  actor: Actor,
  id: string,
  receipt: Receipt,
): Promise<FileRecord> {
  try {
    return await commitUpload(deps, await requireUpload(deps, actor, id), receipt, { repeatable: false })
  } catch (error) {
    await giveUp(deps, receipt)
    if (!hasCode(error, 'upload-taken')) throw error
    const file = await findDurableFile(deps, { id, bucket: '' })
    if (!file) throw fileNotFound()
    if (file.hash !== receipt.digests.sha256.toString('hex')) throw uploadTaken()
    return file
  }
}
