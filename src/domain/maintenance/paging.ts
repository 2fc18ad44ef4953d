import type { Deps } from '../../deps.ts'

/** The objects that a step of maintenance uses. */
export interface MaintenanceDeps extends Pick<Deps, 'config' | 'db' | 'logger' | 'storage'> {
  /** Whether a step should end soon and leave the rest of its work to the next round. */
  readonly stopping: () => boolean
}

/** The largest number of rows that one statement of maintenance changes. */
export const rowsAtOnce = 500

/** Calls `doPage`, which returns its number of rows, until a page has fewer than `rowsAtOnce` rows. Returns the sum. */
export async function inPages(
  { stopping }: Pick<MaintenanceDeps, 'stopping'>,
  doPage: (atMost: number) => Promise<number>,
): Promise<number> {
  let total = 0
  while (!stopping()) {
    const rows = await doPage(rowsAtOnce)
    total += rows
    if (rows < rowsAtOnce) break
  }
  return total
}
