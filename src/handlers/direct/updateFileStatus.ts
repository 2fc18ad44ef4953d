import { changeUploadState } from '../../domain/uploads/uploadStatus.ts'
import { toStateBody } from '../../http/answers/stateBody.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const updateFileStatus: Operation<'updateFileStatus'> = (deps) => async (req, res) => {
  const { uuid, status } = req.body
  res.json(toStateBody(await changeUploadState(deps, actorOf(req), uuid.toLowerCase(), status)))
}
