import { type BucketRules, defaultRules } from '../model/bucket.ts'
import { findBucket } from './rows/buckets.ts'
import type { Database } from './schema.ts'

/** The rules of buckets, at most one second old; a change by this process shows at once. */
export interface BucketRulesCache {
  /** The rules of a bucket; `defaultRules` for a bucket that does not exist. */
  of(bucket: string): Promise<BucketRules>
  /** Call it after a change to the bucket. */
  forget(bucket: string): void
}

const FRESH_MILLISECONDS = 1000

/** Forget all buckets above this number: clients may send any number of made-up names. */
const MOST_REMEMBERED = 1000

/** Asks the database for the rules of a bucket once a second at most: every upload needs them. */
export function createBucketRulesCache(db: Database): BucketRulesCache {
  const remembered = new Map<string, { readonly rules: Promise<BucketRules>; readonly until: number }>()
  return {
    of(bucket) {
      const known = remembered.get(bucket)
      if (known && performance.now() < known.until) return known.rules
      const rules = findBucket(db, bucket).then(
        (record) => record ?? defaultRules,
        (error: unknown) => {
          remembered.delete(bucket)
          throw error
        },
      )
      if (remembered.size >= MOST_REMEMBERED) remembered.clear()
      remembered.set(bucket, { rules, until: performance.now() + FRESH_MILLISECONDS })
      return rules
    },
    forget: (bucket) => void remembered.delete(bucket),
  }
}
