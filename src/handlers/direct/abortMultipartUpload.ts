import { abortParts } from '../../domain/uploads/parts.ts'
import { partsTarget } from '../../http/answers/partsTarget.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const abortMultipartUpload: Operation<'abortMultipartUpload'> = (deps) => async (req, res) => {
  await abortParts(deps, partsTarget(req.params.upload_id, req.query.key))
  res.json({})
}
