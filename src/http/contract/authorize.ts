import type { Request } from 'express'
import { hasScope } from '../../domain/access/decide.ts'
import { insistOn } from '../../domain/access/insist.ts'
import { accessKeyNeeded } from '../../errors/access.ts'
import type { Actor } from '../../model/actor.ts'
import { contextOf } from './context.ts'
import type { Security } from './securityOf.ts'

/**
 * Refuses a request by what is known before its body: the scope, and the bucket in the path or the query. The functions of the
 * domain judge the rest of the target. Throws what `insistOn` throws.
 */
export function authorize(req: Request, actor: Actor, security: Security): void {
  if (security.kind !== 'credential') return
  if (actor.kind === 'anonymous') {
    if (security.anonymous) return
    throw accessKeyNeeded()
  }
  const scope = security.scopes.find((each) => hasScope(actor, each)) ?? security.scopes[0]
  if (scope === undefined) return
  const bucket = contextOf(req).operation?.pathParameters.bucket ?? req.query.bucket
  insistOn(actor, scope, { bucket: typeof bucket === 'string' ? bucket : undefined })
}
