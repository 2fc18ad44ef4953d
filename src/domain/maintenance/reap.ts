import { reapIntents } from '../../database/rows/intents.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { inPages, type MaintenanceDeps } from './paging.ts'

/** REAP: moves intents whose lease ran out into the trash. Returns their number. */
export const reap = (deps: MaintenanceDeps): Promise<number> =>
  inPages(deps, async (atMost) => {
    await failpoint('R1')
    return await reapIntents(deps.db, atMost)
  })
