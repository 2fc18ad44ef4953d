import type { Deps } from '../../deps.ts'

export interface MaintenanceDeps extends Pick<Deps, 'config' | 'db' | 'logger' | 'storage'> {
  /** Whether a step should leave what remains to the next round. */
  readonly stopping: () => boolean
}

/** How many rows one statement of maintenance touches at most. */
export const rowsAtOnce = 500

/** Does something with at most `rowsAtOnce` rows, as long as there are so many. Returns how many there were in all. */
export async function inPages(
  { stopping }: Pick<MaintenanceDeps, 'stopping'>,
  doPage: (atMost: number) => Promise<number>,
): Promise<number> {
  let total = 0
  while (!stopping()) {
    const done = await doPage(rowsAtOnce)
    total += done
    if (done < rowsAtOnce) break
  }
  return total
}
