import { findFileState } from '../../domain/uploads/uploadStatus.ts'
import { toStateBody } from '../../http/fileState.ts'
import type { Operation } from '../../http/operation.ts'

export const getFileStatus: Operation<'getFileStatus'> = (deps) => async (req, res) => {
  res.set('Cache-Control', 'private, no-cache')
  res.json(toStateBody(await findFileState(deps, req.params.upload_id.toLowerCase())))
}
