import type { Request } from 'express'
import type { Deps } from '../deps.ts'
import { mostBytes, usualRules } from '../domain/bucketRules.ts'
import { pathParametersOf } from './request.ts'

/** As the spec has it; judged here as well, because the bucket is asked for before the validator sees its name. */
const BUCKET = /^[a-z0-9][a-z0-9._-]{0,62}$/

/**
 * How many bytes the file of an upload may have, as far as that is known before its body: the bucket of a form may be
 * named behind the file. `storeFile` judges again. Throws `database-unavailable`.
 */
export async function uploadLimit(
  { config: { limits }, rulesOfBuckets }: Pick<Deps, 'config' | 'rulesOfBuckets'>,
  req: Request,
): Promise<number> {
  const bucket = pathParametersOf(req).bucket ?? req.query.bucket
  const known = typeof bucket === 'string' && BUCKET.test(bucket)
  return mostBytes({ limits, rules: known ? await rulesOfBuckets.find(bucket) : usualRules })
}
