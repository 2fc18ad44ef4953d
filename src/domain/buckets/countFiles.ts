import { setTimeout as sleep } from 'node:timers/promises'
import { haveEnded, mendAllowance, newestTransaction } from '../../database/rows/allowances.ts'
import type { Deps } from '../../deps.ts'

const PATIENCE_MILLISECONDS = 5000
const PAUSE_MILLISECONDS = 20

/**
 * Adds the files that are there to an allowance that counts since it was made, while files come and go. A transaction that began
 * before the allowance was made may have counted nothing: when all of these have ended, the sum of the files has what they did,
 * and every other transaction counts for itself. False when one of them runs for more than 5 s: another call does it then.
 */
export async function countFiles({ db }: Pick<Deps, 'db'>, allowanceId: number): Promise<boolean> {
  const newest = await newestTransaction(db)
  const deadline = performance.now() + PATIENCE_MILLISECONDS
  while (!(await haveEnded(db, newest))) {
    if (performance.now() > deadline) return false
    await sleep(PAUSE_MILLISECONDS)
  }
  await mendAllowance(db, allowanceId)
  return true
}
