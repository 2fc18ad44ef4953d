import { createBucket as create } from '../../domain/buckets/buckets.ts'
import { toBucketBody, toBucketRules } from '../../http/answers/bucketBody.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { originOf } from '../../http/contract/originOf.ts'

export const createBucket: Operation<'createBucket'> = (deps) => async (req, res) => {
  const { name, ...details } = req.body
  const [rules, origin] = [toBucketRules(details), originOf(deps, req)]
  const bucket = await create(deps, actorOf(req), { name, rules, origin, details })
  res
    .status(201)
    .location(publicUrl(req, `/buckets/${bucket.name}`))
    .json(toBucketBody(bucket, actorOf(req)))
}
