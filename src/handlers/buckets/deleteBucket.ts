import { removeBucket, requireBucket } from '../../domain/buckets/buckets.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { originOf } from '../../http/contract/originOf.ts'
import { refuseCondition } from '../../http/contract/unmetConditions.ts'

export const deleteBucket: Operation<'deleteBucket'> = (deps) => async (req, res) => {
  const { bucket } = req.params
  await refuseCondition(req, () => requireBucket(deps, actorOf(req), bucket))
  await removeBucket(deps, actorOf(req), bucket, originOf(deps, req))
  res.status(204).end()
}
