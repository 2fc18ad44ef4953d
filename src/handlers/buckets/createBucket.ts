import { createBucket as create } from '../../domain/buckets/buckets.ts'
import { toBucketBody, toBucketRules } from '../../http/answers/bucketBody.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const createBucket: Operation<'createBucket'> = (deps) => async (req, res) => {
  const { name, ...rules } = req.body
  const bucket = await create(deps, actorOf(req), name, toBucketRules(rules))
  res
    .status(201)
    .location(publicUrl(req, `/buckets/${bucket.name}`))
    .json(toBucketBody(bucket))
}
