import { changeBucket, requireBucket } from '../../domain/buckets/buckets.ts'
import { toBucketBody, toBucketRules } from '../../http/answers/bucketBody.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { originOf } from '../../http/contract/originOf.ts'
import { refuseCondition } from '../../http/contract/unmetConditions.ts'

export const updateBucket: Operation<'updateBucket'> = (deps) => async (req, res) => {
  const { bucket } = req.params
  const actor = actorOf(req)
  await refuseCondition(req, () => requireBucket(deps, actor, bucket))
  const [rules, origin] = [toBucketRules(req.body), originOf(deps, req)]
  const change = { name: bucket, rules, origin, details: req.body }
  res.json(toBucketBody(await changeBucket(deps, actor, change), actor))
}
