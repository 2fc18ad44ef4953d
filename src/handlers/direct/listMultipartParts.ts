import { listParts } from '../../domain/uploads/parts.ts'
import type { Operation } from '../../http/operation.ts'
import { partsTarget } from '../../http/partsTarget.ts'

export const listMultipartParts: Operation<'listMultipartParts'> = (deps) => async (req, res) => {
  const parts = await listParts(deps, partsTarget(req.params.upload_id, req.query.key))
  res.json(parts.map(({ partNumber, etag, size }) => ({ PartNumber: partNumber, ETag: etag, Size: size })))
}
