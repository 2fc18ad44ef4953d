import { abortParts, listParts } from '../../domain/uploads/parts.ts'
import { partsTarget } from '../../http/answers/partsTarget.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { refuseCondition } from '../../http/contract/unmetConditions.ts'

export const abortMultipartUpload: Operation<'abortMultipartUpload'> = (deps) => async (req, res) => {
  const id = partsTarget(req.params.upload_id, req.query.key)
  await refuseCondition(req, () => listParts(deps, actorOf(req), id))
  await abortParts(deps, actorOf(req), id)
  res.json({})
}
