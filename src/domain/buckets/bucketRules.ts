import { toDomainError } from '../../database/connection/failures.ts'
import { type BucketRules, findBucket } from '../../database/rows/buckets.ts'
import type { Database } from '../../database/schema.ts'
import { fileTooLarge, typeNotAllowed } from '../../errors.ts'
import { allowsType } from '../values/mediaTypes.ts'

/** The rules of a bucket that nobody gave any, as one is that does not exist yet. */
export const usualRules: BucketRules = {
  visibility: 'private',
  links: 'direct',
  maxFileSizeBytes: null,
  allowedTypes: [],
  expiresInSeconds: null,
}

/** The rules of buckets, as they were a second ago at most; a change in this process shows at once. */
export interface RulesOfBuckets {
  /** Throws `database-unavailable`. */
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
        (record) => record ?? usualRules,
        (error: unknown) => {
          remembered.delete(bucket)
          throw toDomainError(error)
        },
      )
      if (remembered.size >= MOST_REMEMBERED) remembered.clear()
      remembered.set(bucket, { rules, until: performance.now() + FRESH_MILLISECONDS })
      return rules
    },
    forget: (bucket) => void remembered.delete(bucket),
  }
}

/** What decides about every file, and what its bucket adds. */
export interface Judges {
  readonly limits: { readonly maxFileSizeBytes: number; readonly allowedTypes: readonly string[] }
  readonly rules: BucketRules
}

/** How many bytes a file of a bucket may have at most. */
export const mostBytes = ({ limits, rules }: Judges): number =>
  Math.min(limits.maxFileSizeBytes, rules.maxFileSizeBytes ?? Number.POSITIVE_INFINITY)

/** Throws `file-too-large`. */
export function insistOnSize(judges: Judges, bytes: number): void {
  const most = mostBytes(judges)
  if (bytes > most) throw fileTooLarge(most)
}

/** Throws `type-not-allowed`. */
export function insistOnType({ limits, rules }: Judges, mediaType: string): void {
  if (!allowsType(limits.allowedTypes, mediaType) || !allowsType(rules.allowedTypes, mediaType))
    throw typeNotAllowed(mediaType)
}
