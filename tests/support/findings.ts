import type { Violation } from '../../src/database/rows/fsckQueries.ts'
import { checkEverything } from '../../src/domain/maintenance/fsck.ts'

/** The counts and violations of fsck. */
export async function findEverything(
  deps: Parameters<typeof checkEverything>[0],
  { deep }: { readonly deep: boolean },
) {
  const violations: Violation[] = []
  const counts = await checkEverything(deps, { deep, report: (violation) => violations.push(violation) })
  return { counts, violations }
}

export type Findings = Awaited<ReturnType<typeof findEverything>>
