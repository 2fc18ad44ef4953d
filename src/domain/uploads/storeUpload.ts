import type { Deps } from '../../deps.ts'
import { fileNotFound } from '../../errors/files.ts'
import { uploadTaken } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import type { Receipt } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import { giveUp } from '../storing/lease.ts'
import { commitUpload } from './commitUpload.ts'
import { requireUpload, settledFileOf } from './findUpload.ts'

/**
 * Makes bytes that a client sent to the service by a signed link the file it announced. The same bytes may come again;
 * others are refused with `upload-taken`. Throws what `commitUpload` throws; bytes that are not used are in the trash.
 */
export async function storeUpload(deps: Deps, id: string, receipt: Receipt): Promise<FileRecord> {
  try {
    return await commitUpload(deps, await requireUpload(deps, id), receipt, { repeatable: false })
  } catch (error) {
    await giveUp(deps, receipt)
    if (!hasCode(error, 'upload-taken')) throw error
    const file = await settledFileOf(deps, { id, bucket: '' })
    if (!file) throw fileNotFound()
    if (file.hash !== receipt.digests.sha256.toString('hex')) throw uploadTaken()
    return file
  }
}
