import { requireBucket } from '../../domain/buckets/buckets.ts'
import { toBucketBody } from '../../http/answers/bucketBody.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const getBucket: Operation<'getBucket'> = (deps) => async (req, res) => {
  res.set('Cache-Control', 'private, no-cache')
  const actor = actorOf(req)
  res.json(toBucketBody(await requireBucket(deps, actor, req.params.bucket), actor))
}
