import { type BucketRules, defaultRules } from '../model/bucket.ts'
import { findBucket } from './rows/buckets.ts'
import type { Database } from './schema.ts'

/** The rules of buckets, at most one second old. A change by this process shows at once. */
export interface BucketRulesCache {
  /** The rules of a bucket; `defaultRules` for a bucket that does not exist. Throws what the database throws. */
  of(bucket: string): Promise<BucketRules>
  /** Drops the rules of a bucket, so that the next call of `of` reads them again. To be called after every change. */
  forget(bucket: string): void
}

const FRESH_MILLISECONDS = 1000

/** The cache is emptied at this size: clients may send any number of made-up names. */
const MAX_BUCKETS = 1000

/** Reads the rules of a bucket from the database at most once a second: every upload needs the rules. */
export function createBucketRulesCache(db: Database): BucketRulesCache {
  const cache = new Map<string, { readonly rules: Promise<BucketRules>; readonly freshUntil: number }>()
  return {
    of(bucket) {
      const cached = cache.get(bucket)
      if (cached && performance.now() < cached.freshUntil) return cached.rules
      const rules = findBucket(db, bucket).then(
        (record) => record ?? defaultRules,
        (error: unknown) => {
          cache.delete(bucket)
          throw error
        },
      )
      if (cache.size >= MAX_BUCKETS) cache.clear()
      cache.set(bucket, { rules, freshUntil: performance.now() + FRESH_MILLISECONDS })
      return rules
    },
    forget: (bucket) => void cache.delete(bucket),
  }
}
