import type { RequestHandler } from 'express'
import type { Deps } from '../../deps.ts'
import { verifyLink } from '../../domain/files/links.ts'
import { descriptionOf } from './context.ts'

/**
 * Verifies the link of a request, before its body is received, when the spec says that the operation needs a link. Throws
 * `link-invalid` and `link-expired`.
 */
export const requireLink =
  (deps: Deps): RequestHandler =>
  (req, _res, next) => {
    const needed = descriptionOf(req)?.security?.some((scheme) => Object.hasOwn(scheme, 'link'))
    if (needed) verifyLink(deps, req.method, req.originalUrl)
    next()
  }
