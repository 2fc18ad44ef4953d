import { reapIntents } from '../../database/intents.ts'
import { failpoint } from '../../failpoint.ts'
import { type MaintenanceDeps, rowsAtOnce } from './steps.ts'

/** REAP: moves intents whose lease ran out to the trash. Returns how many. */
export async function reap({ db, stopping }: MaintenanceDeps): Promise<number> {
  let total = 0
  while (!stopping()) {
    await failpoint('R1')
    const reaped = await reapIntents(db, rowsAtOnce)
    total += reaped
    if (reaped < rowsAtOnce) return total
  }
  return total
}
