import { listBucketRecords } from '../../database/rows/buckets.ts'
import { toBucketBody } from '../../http/answers/bucketBody.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const listBuckets: Operation<'listBuckets'> = (deps) => async (req, res) => {
  const { limit = 100, after = '' } = req.query
  const actor = actorOf(req)
  const buckets = await listBucketRecords(deps.db, actor.reach, { after, limit: limit + 1 })
  const page = buckets.slice(0, limit)
  const last = page.at(-1)
  if (buckets.length > limit && last) {
    const query = new URLSearchParams({ limit: String(limit), after: last.name })
    res.set('Link', `<${publicUrl(req, '/buckets')}?${query}>; rel="next"`)
  }
  res.set('Cache-Control', 'private, no-cache')
  res.json(page.map((bucket) => toBucketBody(bucket, actor)))
}
