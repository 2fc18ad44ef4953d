import type { Request } from 'express'
import type { Deps } from '../../deps.ts'
import { mostBytes } from '../../domain/buckets/bucketRules.ts'
import { mostBytesAtOnce } from '../../domain/uploads/announceUpload.ts'
import { requireUpload } from '../../domain/uploads/findUpload.ts'
import { defaultRules } from '../../model/bucket.ts'
import { contextOf } from '../contract/context.ts'

/** As the spec has it; judged here as well, because the bucket is asked for before the validator sees its name. */
const BUCKET = /^[a-z0-9][a-z0-9._-]{0,62}$/

/**
 * How many bytes the file of an upload may have, as far as that is known before its body: the bucket of a form may be
 * named behind the file. What commits it judges again. Throws `file-not-found` for an upload that nobody
 * announced.
 */
export async function uploadLimit(deps: Deps, req: Request): Promise<number> {
  const { limits } = deps.config
  const { upload_id: uploadId, bucket = req.query.bucket } = contextOf(req).operation?.pathParameters ?? {}
  if (uploadId !== undefined) {
    const { size, bucket } = await requireUpload(deps, uploadId)
    const most = mostBytes({ limits, rules: await deps.bucketRules.of(bucket) })
    return Math.min(size ?? mostBytesAtOnce, mostBytesAtOnce, most)
  }
  const known = typeof bucket === 'string' && BUCKET.test(bucket)
  return mostBytes({ limits, rules: known ? await deps.bucketRules.of(bucket) : defaultRules })
}
