import type { Reach } from '../../model/actor.ts'
import { escapeLike } from './fileFilter.ts'

/** A condition for files `f`, as the end of a WHERE clause, with the values of its parameters. */
export interface ReachCondition {
  readonly condition: string
  readonly parameters: readonly unknown[]
  /** For the name of the statement: a condition makes another statement. */
  readonly suffix: '' | '_within' | '_for_user'
}

const EVERYTHING: ReachCondition = { condition: '', parameters: [], suffix: '' }

/**
 * The condition for the files within a reach that one may read, with parameters from the number `first` on. Every file needs no
 * condition.
 */
export function withinReach({ buckets, prefix, owner }: Reach, first: number): ReachCondition {
  if (prefix === '' && buckets.includes('*') && owner === undefined) return EVERYTHING
  const condition = ` and f.bucket like any($${first}::text[]) and starts_with(f.name, $${first + 1})`
  const parameters = [toLikePatterns(buckets), prefix]
  if (owner === undefined) return { condition, parameters, suffix: '_within' }
  return {
    condition: `${condition} and exists (select from buckets r where r.name = f.bucket
      and (r.users = 'shared' or (r.users = 'own' and f.owner = $${first + 2})))`,
    parameters: [...parameters, owner],
    suffix: '_for_user',
  }
}

/** Patterns of buckets as patterns of LIKE. */
export const toLikePatterns = (buckets: readonly string[]): string[] =>
  buckets.map((pattern) => escapeLike(pattern).replaceAll('*', '%'))
