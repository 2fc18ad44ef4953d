import type { Actor, Scope } from '../../model/actor.ts'
import type { FileCondition } from '../../model/file.ts'
import { insistOn } from './insist.ts'

/**
 * The condition, and for a user that the file is theirs: they may see files of others that they may not change. Throws
 * `owner-forbidden` and what the condition throws.
 */
export const ownCondition = (
  actor: Actor,
  scope: Scope,
  condition: FileCondition | undefined,
): FileCondition | undefined =>
  actor.reach.owner === undefined
    ? condition
    : (file) => {
        insistOn(actor, scope, { owner: file.owner })
        condition?.(file)
      }
