import { accessKeyNeeded, bucketForbidden, nameForbidden, scopeMissing } from '../../errors/access.ts'
import type { Actor, Scope } from '../../model/actor.ts'
import { decide, type Target } from './decide.ts'

/**
 * Throws `access-key-needed`, `scope-missing`, `bucket-forbidden` or `name-forbidden` unless the actor may do what needs this
 * scope, to this target.
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
    case 'allowed':
      return
  }
}
