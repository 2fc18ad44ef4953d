import type { Deps } from '../../deps.ts'
import {
  accessKeyNeeded,
  bucketForbidden,
  nameForbidden,
  ownerForbidden,
  scopeMissing,
} from '../../errors/access.ts'
import type { Actor, Scope } from '../../model/actor.ts'
import { decide, type Target } from './decide.ts'

/**
 * Throws `access-key-needed`, `scope-missing`, `bucket-forbidden`, `name-forbidden` or `owner-forbidden` unless the actor may do
 * what needs this scope, to this target.
 */
export function insistOn(actor: Actor, scope: Scope, target: Target): void {
  switch (decide(actor, scope, target)) {
    case 'access-key-needed':
      throw accessKeyNeeded()
    case 'scope-missing':
      throw scopeMissing(scope)
    case 'bucket-forbidden':
      throw bucketForbidden(target.bucket ?? '')
    case 'name-forbidden':
      throw nameForbidden(actor.reach.prefix)
    case 'owner-forbidden':
      throw ownerForbidden()
    case 'allowed':
      return
  }
}

/** As `insistOn`, also by the rule of the bucket for users, which is at most one second old. Throws what the database throws. */
export async function insistOnRule(
  { bucketRules }: Pick<Deps, 'bucketRules'>,
  actor: Actor,
  scope: Scope,
  target: Target & { readonly bucket: string },
): Promise<void> {
  const isUser = actor.reach.owner !== undefined
  const users = isUser ? (await bucketRules.of(target.bucket)).users : undefined
  insistOn(actor, scope, { ...target, users })
}
