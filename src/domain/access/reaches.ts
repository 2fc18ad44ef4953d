import type { Deps } from '../../deps.ts'
import type { Actor } from '../../model/actor.ts'
import { matchesAny } from './bucketPatterns.ts'

interface Place {
  readonly bucket: string
  readonly name: string
  readonly owner: string | null
}

/**
 * Whether an announced upload, or the file that it became, is one of those that the actor may touch. One that is not looks like
 * one that is absent. Uploads of others are none of a user's, also in a bucket that users share.
 */
export async function reaches(
  { bucketRules }: Pick<Deps, 'bucketRules'>,
  { reach: { buckets, prefix, owner: user } }: Actor,
  { bucket, name, owner }: Place,
): Promise<boolean> {
  if (!matchesAny(buckets, bucket) || !name.startsWith(prefix)) return false
  return user === undefined || (owner === user && (await bucketRules.of(bucket)).users !== 'none')
}
