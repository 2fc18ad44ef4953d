import { nameTaken } from '../../errors/files.ts'
import type { Actor } from '../../model/actor.ts'
import type { NameCondition } from '../../model/file.ts'
import { decide, hasScope } from './decide.ts'

/**
 * The condition, and that the actor may delete the file that a named file replaces. Throws `name-taken` and what the condition
 * throws.
 */
export function replaceCondition(
  actor: Actor,
  name: string,
  condition: NameCondition | undefined,
): NameCondition | undefined {
  if (hasScope(actor, 'delete') && actor.reach.owner === undefined) return condition
  return (file) => {
    condition?.(file)
    if (file && decide(actor, 'delete', { owner: file.owner }) !== 'allowed') throw nameTaken(name)
  }
}
