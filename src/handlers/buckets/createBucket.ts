import { createBucket as create } from '../../domain/buckets/buckets.ts'
import { toBucketBody, toBucketRules } from '../../http/bucketBody.ts'
import type { Operation } from '../../http/operation.ts'
import { publicUrl } from '../../http/publicUrl.ts'

export const createBucket: Operation<'createBucket'> = (deps) => async (req, res) => {
  const { name, ...rules } = req.body
  const bucket = await create(deps, name, toBucketRules(rules))
  res
    .status(201)
    .location(publicUrl(req, `/buckets/${bucket.name}`))
    .json(toBucketBody(bucket))
}
