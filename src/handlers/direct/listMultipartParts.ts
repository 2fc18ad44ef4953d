import { listParts } from '../../domain/uploads/parts.ts'
import { partsTarget } from '../../http/answers/partsTarget.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const listMultipartParts: Operation<'listMultipartParts'> = (deps) => async (req, res) => {
  const parts = await listParts(deps, actorOf(req), partsTarget(req.params.upload_id, req.query.key))
  res.json(parts.map(({ partNumber, etag, size }) => ({ PartNumber: partNumber, ETag: etag, Size: size })))
}
