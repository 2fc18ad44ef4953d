import {
  deleteBucketRecord,
  findBucket,
  insertBucket,
  updateBucketRules,
} from '../../database/rows/buckets.ts'
import type { Deps } from '../../deps.ts'
import { bucketExists, bucketNotEmpty, bucketNotFound } from '../../errors/buckets.ts'
import type { BucketRecord, BucketRules } from '../../model/bucket.ts'

/** Throws `bucket-exists`. */
export const createBucket = (deps: Deps, name: string, rules: Partial<BucketRules>) =>
  changing(deps, name, async () => {
    const bucket = await insertBucket(deps.db, name, rules)
    if (!bucket) throw bucketExists(name)
    return bucket
  })

/** Throws `bucket-not-found`. */
export async function requireBucket({ db }: Deps, name: string): Promise<BucketRecord> {
  return found(await findBucket(db, name))
}

/** Throws `bucket-not-found`. What is in the bucket already stays as it is. */
export const changeBucket = (deps: Deps, name: string, rules: Partial<BucketRules>) =>
  changing(deps, name, async () => found(await updateBucketRules(deps.db, name, rules)))

/** Throws `bucket-not-found`, `bucket-not-empty` while there are files in it. */
export const removeBucket = (deps: Deps, name: string): Promise<void> =>
  changing(deps, name, async () => {
    const outcome = await deleteBucketRecord(deps.db, name)
    if (outcome === 'not empty') throw bucketNotEmpty(name)
    if (outcome === 'not found') throw bucketNotFound()
  })

function found(bucket: BucketRecord | undefined): BucketRecord {
  if (!bucket) throw bucketNotFound()
  return bucket
}

async function changing<Result>(
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
