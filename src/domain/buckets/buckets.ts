import { asked, toDomainError } from '../../database/connection/failures.ts'
import {
  deleteBucketRecord,
  findBucket,
  insertBucket,
  updateBucketRules,
} from '../../database/rows/buckets.ts'
import type { Deps } from '../../deps.ts'
import { bucketExists, bucketNotEmpty, bucketNotFound } from '../../errors.ts'
import type { BucketRecord, BucketRules } from '../../model/bucket.ts'

type BucketDeps = Pick<Deps, 'db' | 'rulesOfBuckets'>

/** Throws `bucket-exists`, `database-unavailable`. */
export const createBucket = (deps: BucketDeps, name: string, rules: Partial<BucketRules>) =>
  changing(deps, name, async () => {
    const bucket = await insertBucket(deps.db, name, rules)
    if (!bucket) throw bucketExists(name)
    return bucket
  })

/** Throws `bucket-not-found`, `database-unavailable`. */
export async function requireBucket({ db }: Pick<Deps, 'db'>, name: string): Promise<BucketRecord> {
  return found(await asked(() => findBucket(db, name)))
}

/** Throws `bucket-not-found`, `database-unavailable`. What is in the bucket already stays as it is. */
export const changeBucket = (deps: BucketDeps, name: string, rules: Partial<BucketRules>) =>
  changing(deps, name, async () => found(await updateBucketRules(deps.db, name, rules)))

/** Throws `bucket-not-found`, `bucket-not-empty` while there are files in it, `database-unavailable`. */
export const removeBucket = (deps: BucketDeps, name: string): Promise<void> =>
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
  { rulesOfBuckets }: BucketDeps,
  name: string,
  change: () => Promise<Result>,
): Promise<Result> {
  try {
    return await change()
  } catch (error) {
    throw toDomainError(error)
  } finally {
    rulesOfBuckets.forget(name)
  }
}
