import type { Request } from 'express'
import type { Deps } from '../../deps.ts'
import { verifyLink } from '../../domain/files/links.ts'
import { linkInvalid } from '../../errors/requests.ts'
import { sentContentType } from '../fields/header.ts'
import { contextOf, descriptionOf } from './context.ts'
import { needsLink } from './describedOperation.ts'

/**
 * Verifies the link of a request, before its body is received, when the spec says that the operation needs a link. A link may
 * say which Content-Type the request has to have. The actor of the request is then the one who signed the link. Throws what
 * `verifyLink` throws.
 */
export async function requireLink(deps: Deps, req: Request): Promise<void> {
  const description = descriptionOf(req)
  if (!description || !needsLink(description)) return
  contextOf(req).actor = await verifyLink(deps, req.method, req.originalUrl)
  const signed = req.query.content_type
  if (typeof signed === 'string' && sentContentType(req) !== signed)
    throw linkInvalid(`Content-Type must be ${signed}, for which the link was signed.`)
}
