import type { RequestHandler } from 'express'
import type { Deps } from '../../deps.ts'
import { verifyLink } from '../../domain/files/links.ts'
import { descriptionOf } from './context.ts'

/** Lets a request to an operation that needs a link through only with one, before its body is asked for. */
export const requireLink =
  (deps: Deps): RequestHandler =>
  (req, _res, next) => {
    const needed = descriptionOf(req)?.security?.some((scheme) => Object.hasOwn(scheme, 'link'))
    if (needed) verifyLink(deps, req.method, req.originalUrl)
    next()
  }
