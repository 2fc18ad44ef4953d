import { changeBucket } from '../../domain/buckets/buckets.ts'
import { toBucketBody, toBucketRules } from '../../http/answers/bucketBody.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const updateBucket: Operation<'updateBucket'> = (deps) => async (req, res) => {
  res.json(toBucketBody(await changeBucket(deps, req.params.bucket, toBucketRules(req.body))))
}
