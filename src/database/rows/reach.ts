import type { Reach } from '../../model/actor.ts'
import { escapeLike } from './fileFilter.ts'

/** A condition for files `f`, as the end of a WHERE clause, with the values of its parameters. */
export interface ReachCondition {
  readonly condition: string
  readonly parameters: readonly unknown[]
  /** For the name of the statement: a condition makes another statement. */
  readonly suffix: '' | '_within'
}

const EVERYTHING: ReachCondition = { condition: '', parameters: [], suffix: '' }

/** The condition for the files within a reach, with parameters from the number `first` on. Every file needs no condition. */
export function withinReach({ buckets, prefix }: Reach, first: number): ReachCondition {
  if (prefix === '' && buckets.includes('*')) return EVERYTHING
  return {
    condition: ` and f.bucket like any($${first}::text[]) and starts_with(f.name, $${first + 1})`,
    parameters: [toLikePatterns(buckets), prefix],
    suffix: '_within',
  }
}

/** Patterns of buckets as patterns of LIKE. */
export const toLikePatterns = (buckets: readonly string[]): string[] =>
  buckets.map((pattern) => escapeLike(pattern).replaceAll('*', '%'))
