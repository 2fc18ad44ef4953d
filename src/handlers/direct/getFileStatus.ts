import { findUploadState } from '../../domain/uploads/uploadStatus.ts'
import { toStateBody } from '../../http/answers/stateBody.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const getFileStatus: Operation<'getFileStatus'> = (deps) => async (req, res) => {
  res.set('Cache-Control', 'private, no-cache')
  res.json(toStateBody(await findUploadState(deps, actorOf(req), req.params.upload_id.toLowerCase())))
}
