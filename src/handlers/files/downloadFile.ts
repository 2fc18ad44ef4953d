import { findContent } from '../../domain/files/findFile.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { sendFile } from '../../http/send/sendFile.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const downloadFile: Operation<'downloadFile'> = (deps) => async (req, res) => {
  const content = await findContent(deps, req.params.file_hash, req.query.bucket ?? defaultBucket)
  const { visibility } = await deps.bucketRules.of(content.file.bucket)
  const { disposition = 'attachment' } = req.query
  await sendFile(deps, req, res, content, { disposition, visibility })
}
