import { redact } from '../../runtime/redact.ts'
import { decodeParameter } from './query.ts'

/**
 * The path of a request target for the log: without the query, which may hold secrets, such as the signature of a link. A path
 * with a secret in percent escapes is decoded, and the secret is cut; any other is as the client wrote it.
 */
export function loggedPath(target: string): string {
  const path = pathOf(target)
  if (!path.includes('%')) return path // the logger itself cuts what is not escaped
  const decoded = decodeParameter(path.replace(ESCAPED_AGAIN, '%'))
  const shown = redact(decoded)
  return shown === decoded ? path : shown
}

/** The `%` of an escape that was escaped once more, or several times: `%252575` stands for `%75`. */
const ESCAPED_AGAIN = /%(?:25)+(?=[0-9a-f]{2})/gi

/** An absolute target may hold a password in front of its path. */
const pathOf = (target: string) => target.replace(/\?.*/s, '').replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '')
