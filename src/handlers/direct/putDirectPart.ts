import { etagOf, storePart } from '../../domain/uploads/parts.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { takeReceived } from '../../http/receive/received.ts'

export const putDirectPart: Operation<'putDirectPart'> = (deps) => async (req, res) => {
  const { upload_id, part_number } = req.params
  const part = await storePart(deps, actorOf(req), upload_id, Number(part_number), takeReceived(req).receipt)
  res.status(200).set('ETag', etagOf(part.md5)).end()
}
