import { type BucketRecord, type BucketRules, defaultRules } from '../model/bucket.ts'
import { findBucket } from './rows/buckets.ts'
import type { Database } from './schema.ts'

/** The rules of buckets, at most one second old. A change by this process shows at once. */
export interface BucketRulesCache {
  /** The rules of a bucket; `defaultRules` for a bucket that does not exist. Throws what the database throws. */
  of(bucket: string): Promise<BucketRules>
  /** Whether the bucket exists. Throws what the database throws. */
  exists(bucket: string): Promise<boolean>
  /** Drops the rules of a bucket, so that the next call of `of` reads them again. To be called after every change. */
  forget(bucket: string): void
}

const FRESH_MILLISECONDS = 1000

/** The cache is emptied at this size: clients may send any number of made-up names. */
const MAX_BUCKETS = 1000

/** Reads the rules of a bucket from the database at most once a second: every upload needs the rules. */
export function createBucketRulesCache(db: Database): BucketRulesCache {
  const cache = new Map<
    string,
    { readonly record: Promise<BucketRecord | undefined>; readonly freshUntil: number }
  >()
  function find(bucket: string): Promise<BucketRecord | undefined> {
    const cached = cache.get(bucket)
    if (cached && performance.now() < cached.freshUntil) return cached.record
    const record = findBucket(db, bucket).catch((error: unknown) => {
      cache.delete(bucket)
      throw error
    })
    if (cache.size >= MAX_BUCKETS) cache.clear()
    cache.set(bucket, { record, freshUntil: performance.now() + FRESH_MILLISECONDS })
    return record
  }
  return {
    of: async (bucket) => (await find(bucket)) ?? defaultRules,
    exists: async (bucket) => (await find(bucket)) !== undefined,
    forget: (bucket) => void cache.delete(bucket),
  }
}
