import type { Deps } from '../../deps.ts'
import { isOpen } from '../../domain/access/openness.ts'

/**
 * Warns the operator of a service that nobody may use yet. Returns who may use the service, for the log. Throws what the database
 * throws.
 */
export async function sayAccess(deps: Deps): Promise<string> {
  const { mode, adminKeys, tokens } = deps.config.access
  if (await isOpen(deps))
    return mode === 'off' ? 'everyone' : 'everyone on this machine, until an access key is made'
  if (adminKeys.length === 0 && !(await deps.knownAccess.locked()))
    deps.logger.warn(
      'Closed, and there is no access key: `upfile keys create me --scope admin` makes one, ADMIN_KEYS brings one',
    )
  return tokens ? 'holders of an access key, and of a token' : 'holders of an access key'
}
