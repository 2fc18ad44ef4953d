import type { Deps } from '../../deps.ts'

/** Tells the operator who may use the service, where a setting or a command changes that. Throws what the database throws. */
export async function sayAccess({ config, knownAccess, logger }: Deps): Promise<void> {
  const { mode, adminKeys } = config.access
  if (mode === 'off') return
  const locked = await knownAccess.locked()
  if (mode === 'until-first-key' && !locked)
    logger.info('Open to everyone on this machine until the first access key is made')
  if (mode === 'on' && !locked && adminKeys.length === 0)
    logger.warn(
      'Closed, and there is no access key: `upfile keys create me --scope admin` makes one, ADMIN_KEYS brings one',
    )
}
