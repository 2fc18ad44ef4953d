import { type BucketRules, defaultRules } from '../model/bucket.ts'
import { findBucket } from './rows/buckets.ts'
import type { Database } from './schema.ts'

/** The rules of buckets, as they were a second ago at most; a change in this process shows at once. */
export interface RulesOfBuckets {
  find(bucket: string): Promise<BucketRules>
  /** To be called after a change. */
  forget(bucket: string): void
}

const FRESH_MILLISECONDS = 1000

/** Anyone may make up names. */
const MOST_REMEMBERED = 1000

/** Every upload needs the rules of its bucket, so they are asked for once a second and not once an upload. */
export function createRulesOfBuckets(db: Database): RulesOfBuckets {
  const remembered = new Map<string, { readonly rules: Promise<BucketRules>; readonly until: number }>()
  return {
    find(bucket) {
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
