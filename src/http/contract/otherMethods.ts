import type { Request, Response } from 'express'
import { match } from 'path-to-regexp'
import { methodNotAllowed } from '../problems/httpErrors.ts'
import { pathOf } from './findOperation.ts'
import { methodHints } from './hints.ts'
import { allMethods } from './methods.ts'
import type { Route } from './spec.ts'

/**
 * Makes the function for requests whose path has operations, but none with their method. It answers OPTIONS with the methods of
 * the path, and for `*`, which means the whole service (RFC 9110, 9.3.7), with all methods. It throws 405 for another method.
 * Returns false for a path without operations.
 */
export function otherMethods(routes: readonly Route[]): (req: Request, res: Response) => boolean {
  const paths = [...Map.groupBy(routes, ({ expressPath }) => expressPath)].map(([expressPath, methods]) => ({
    expressPath,
    matches: match(expressPath, { sensitive: true }),
    allow: [...new Set([...methods.map(({ method }) => method.toUpperCase()), 'OPTIONS'])].join(', '),
  }))
  return (req, res) => {
    const path = pathOf(req)
    const known = paths.find(({ matches }) => matches(path))
    const allow = req.method === 'OPTIONS' && req.url === '*' ? allMethods : known?.allow
    if (allow === undefined) return false
    if (req.method !== 'OPTIONS')
      throw methodNotAllowed(req.method, allow, methodHints[`${req.method} ${known?.expressPath}`])
    res.set('Allow', allow).status(204).end()
    return true
  }
}
