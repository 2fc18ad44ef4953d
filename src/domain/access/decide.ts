import type { Actor, Scope } from '../../model/actor.ts'
import type { UserRule } from '../../model/bucket.ts'
import { matchesAny } from './bucketPatterns.ts'

/** What an actor wants to touch; undefined when the request does not say it, or not yet. */
export interface Target {
  readonly bucket?: string | undefined
  /** The name of a file, after `toFilePath`. For the bucket as a whole, empty: an actor with a prefix has only a part of it. */
  readonly name?: string | undefined
  /** The owner of a file, null for nobody. */
  readonly owner?: string | null | undefined
  /** The rule of the bucket, which is for users only. */
  readonly users?: UserRule | undefined
}

/** `allowed`, or the code of the refusal. */
export type Decision =
  | 'allowed'
  | 'access-key-needed'
  | 'scope-missing'
  | 'bucket-forbidden'
  | 'name-forbidden'
  | 'owner-forbidden'

/** Whether an actor may do what needs this scope, to this target. The only place that decides. */
export function decide(actor: Actor, scope: Scope, { bucket, name, owner, users }: Target): Decision {
  if (actor.kind === 'anonymous') return 'access-key-needed'
  if (!hasScope(actor, scope)) return 'scope-missing'
  const { buckets, prefix, owner: user } = actor.reach
  if (bucket !== undefined && !matchesAny(buckets, bucket)) return 'bucket-forbidden'
  if (name !== undefined && !name.startsWith(prefix)) return 'name-forbidden'
  if (user === undefined) return 'allowed'
  if (users === 'none') return 'bucket-forbidden'
  if (owner === undefined || owner === user) return 'allowed'
  return users === 'shared' && (scope === 'read' || scope === 'list') ? 'allowed' : 'owner-forbidden'
}

/** `admin` means every scope. */
export const hasScope = ({ scopes }: Pick<Actor, 'scopes'>, scope: Scope): boolean =>
  scopes.includes(scope) || scopes.includes('admin')
