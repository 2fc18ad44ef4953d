import { removeBucket } from '../../domain/buckets/buckets.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const deleteBucket: Operation<'deleteBucket'> = (deps) => async (req, res) => {
  await removeBucket(deps, req.params.bucket)
  res.status(204).end()
}
