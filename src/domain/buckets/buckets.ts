import {
  deleteBucketRecord,
  findBucket,
  insertBucket,
  updateBucketRules,
} from '../../database/rows/buckets.ts'
import type { Deps } from '../../deps.ts'
import { bucketExists, bucketNotFound } from '../../errors/buckets.ts'
import type { BucketRecord, BucketRules } from '../../model/bucket.ts'

/** Creates a bucket; a missing rule is the one of `defaultRules`. Throws `bucket-exists`. */
export const createBucket = (deps: Deps, name: string, rules: Partial<BucketRules>) =>
  forgettingRules(deps, name, async () => {
    const bucket = await insertBucket(deps.db, name, rules)
    if (!bucket) throw bucketExists(name)
    return bucket
  })

/** Throws `bucket-not-found`. */
export async function requireBucket({ db }: Deps, name: string): Promise<BucketRecord> {
  return found(await findBucket(db, name))
}

/** Changes the given rules, for new files only: files in the bucket stay as they are. Throws `bucket-not-found`. */
export const changeBucket = (deps: Deps, name: string, rules: Partial<BucketRules>) =>
  forgettingRules(deps, name, async () => found(await updateBucketRules(deps.db, name, rules)))

/** Deletes a bucket. Throws `bucket-not-found`, and `bucket-not-empty` while the bucket has live files. */
export const removeBucket = (deps: Deps, name: string): Promise<void> =>
  forgettingRules(deps, name, async () => deps.sweeper.soon(await deleteBucketRecord(deps.db, name)))

function found(bucket: BucketRecord | undefined): BucketRecord {
  if (!bucket) throw bucketNotFound()
  return bucket
}

/** Makes a change to a bucket, and then drops the cached rules of the bucket. */
async function forgettingRules<Result>(
  { bucketRules }: Deps,
  name: string,
  change: () => Promise<Result>,
): Promise<Result> {
  try {
    return await change()
  } finally {
    bucketRules.forget(name)
  }
}
