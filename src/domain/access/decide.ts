import type { Actor, Scope } from '../../model/actor.ts'
import { matchesAny } from './bucketPatterns.ts'

/** What an actor wants to touch; undefined when the request does not say it, or not yet. */
export interface Target {
  readonly bucket?: string | undefined
  /** The name of a file, after `toFilePath`. For the bucket as a whole, empty: an actor with a prefix has only a part of it. */
  readonly name?: string | undefined
}

/** `allowed`, or the code of the refusal. */
export type Decision =
  | 'allowed'
  | 'access-key-needed'
  | 'scope-missing'
  | 'bucket-forbidden'
  | 'name-forbidden'

/** Whether an actor may do what needs this scope, to this target. The only place that decides. */
export function decide(actor: Actor, scope: Scope, { bucket, name }: Target): Decision {
  if (actor.kind === 'anonymous') return 'access-key-needed'
  if (!hasScope(actor, scope)) return 'scope-missing'
  const { buckets, prefix } = actor.reach
  if (bucket !== undefined && !matchesAny(buckets, bucket)) return 'bucket-forbidden'
  if (name !== undefined && !name.startsWith(prefix)) return 'name-forbidden'
  return 'allowed'
}

/** `admin` means every scope. */
export const hasScope = ({ scopes }: Pick<Actor, 'scopes'>, scope: Scope): boolean =>
  scopes.includes(scope) || scopes.includes('admin')
