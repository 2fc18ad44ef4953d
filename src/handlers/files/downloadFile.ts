import { findContent } from '../../domain/files/findFile.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { sendFile } from '../../http/send/sendFile.ts'

export const downloadFile: Operation<'downloadFile'> = (deps) => async (req, res) => {
  const content = await findContent(deps, req.params.file_hash, req.query.bucket ?? 'default')
  const { visibility } = await deps.rulesOfBuckets.find(content.file.bucket)
  await sendFile(deps, req, res, content, { wish: req.query.disposition ?? 'attachment', visibility })
}
