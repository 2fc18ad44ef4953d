import type { Deps } from '../../deps.ts'
import type { Actor, Reach } from '../../model/actor.ts'
import { insistOnRule } from './insist.ts'

/**
 * The files of a bucket that an actor may list: it has an owner only where a user sees no files of others. Throws what
 * `insistOnRule` throws.
 */
export async function listReach(deps: Deps, actor: Actor, bucket: string): Promise<Reach> {
  await insistOnRule(deps, actor, 'list', { bucket })
  const { buckets, prefix, owner } = actor.reach
  const sharing = owner !== undefined && (await deps.bucketRules.of(bucket)).users === 'shared'
  return sharing ? { buckets, prefix } : actor.reach
}
