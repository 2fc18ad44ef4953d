import { changeUploadState } from '../../domain/uploads/uploadStatus.ts'
import { toStateBody } from '../../http/answers/stateBody.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const updateFileStatus: Operation<'updateFileStatus'> = (deps) => async (req, res) => {
  const { uuid, status } = req.body
  res.json(toStateBody(await changeUploadState(deps, uuid.toLowerCase(), status)))
}
