import { abortParts } from '../../domain/uploads/parts.ts'
import type { Operation } from '../../http/operation.ts'
import { partsTarget } from '../../http/partsTarget.ts'

export const abortMultipartUpload: Operation<'abortMultipartUpload'> = (deps) => async (req, res) => {
  await abortParts(deps, partsTarget(req.params.upload_id, req.query.key))
  res.json({})
}
