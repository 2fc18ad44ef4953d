import type { Deps } from '../../deps.ts'
import type { StorageKey } from '../../model/blob.ts'
import { sweepKeys } from './sweepKeys.ts'

const KEYS_AT_ONCE = 500
/** More keys than these are left to maintenance. */
const MOST_KEYS = 10_000

/**
 * Creates the sweeper of bytes that were given up, and that take room from uploads until they are removed. Its caller has just
 * committed their keys to the trash, without a grace, so their rows are durable; and never was a file under such a key, whatever
 * a restored database has lost. Best effort: maintenance sweeps what fails here, what is left when the service stops, and
 * everything in a storage without bounds.
 */
export function createSweeper(deps: Pick<Deps, 'db' | 'logger' | 'stopping' | 'storage'>): Deps['sweeper'] {
  let due: StorageKey[] = []
  let sweeping: Promise<void> | undefined

  async function sweepTogether() {
    try {
      const { failures } = await sweepKeys(deps, due.splice(0, KEYS_AT_ONCE))
      const [failure] = failures
      if (!failure) return
      deps.logger.debug('Bytes stay until the next sweep', { ...failure, count: failures.length })
    } catch (error) {
      due = []
      deps.logger.debug('Bytes stay until the next sweep', { error })
    }
  }

  function sweepNext() {
    sweeping =
      due.length === 0 || deps.stopping() ? undefined : sweepTogether().finally(() => void sweepNext())
  }

  return {
    soon(keys) {
      if (keys.length === 0 || deps.storage.boundless || due.length + keys.length > MOST_KEYS) return
      due.push(...keys)
      if (!sweeping) sweepNext()
    },
    async settled() {
      // The keys that are being swept, then those that are due; more of them may come meanwhile.
      for (let left = due.length + KEYS_AT_ONCE; sweeping && left > 0; left -= KEYS_AT_ONCE) await sweeping
    },
  }
}
