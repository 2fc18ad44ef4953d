import type { Request } from 'express'
import type { Deps } from '../../deps.ts'
import { hasScope } from '../../domain/access/decide.ts'
import { insistOn, insistOnRule } from '../../domain/access/insist.ts'
import { accessKeyNeeded } from '../../errors/access.ts'
import type { Actor } from '../../model/actor.ts'
import { isBucketName } from '../../model/bucket.ts'
import { contextOf } from './context.ts'
import type { Security } from './securityOf.ts'

/**
 * Refuses a request by what is known before its body: the scope, and the bucket in the path or the query. The functions of the
 * domain judge the rest of the target. Throws what `insistOn` throws.
 */
export async function authorize(deps: Deps, req: Request, actor: Actor, security: Security): Promise<void> {
  if (security.kind !== 'credential') return
  if (actor.kind === 'anonymous') {
    if (security.anonymous) return
    throw accessKeyNeeded()
  }
  const scope = security.scopes.find((each) => hasScope(actor, each)) ?? security.scopes[0]
  if (scope === undefined) return
  const bucket = contextOf(req).operation?.pathParameters.bucket ?? req.query.bucket
  if (typeof bucket !== 'string') return insistOn(actor, scope, {})
  // What anonymous callers may read in a public bucket, users may read too, whatever the bucket's rule for users is. A text that
  // is no name of a bucket is left to the validator.
  if (security.anonymous || !isBucketName(bucket)) return insistOn(actor, scope, { bucket })
  await insistOnRule(deps, actor, scope, { bucket })
}
