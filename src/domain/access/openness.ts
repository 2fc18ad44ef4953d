import type { Deps } from '../../deps.ts'

/**
 * Whether callers need no credential. A change by another process shows within a second. Throws what the database throws: a
 * service that cannot find out whether it is closed opens nothing.
 */
export async function isOpen({ config, knownAccess }: Deps): Promise<boolean> {
  const { mode } = config.access
  return mode === 'off' || (mode === 'until-first-key' && !(await knownAccess.locked()))
}

/** What `isOpen` said last, for a check that cannot wait: it may be older than a second. */
export const wasOpen = ({ config: { access }, knownAccess }: Deps): boolean =>
  access.mode === 'off' || (access.mode === 'until-first-key' && !knownAccess.wasLocked)
