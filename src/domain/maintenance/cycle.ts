import { withLeadership } from '../../database/connection/locks.ts'
import { createCollector } from './collect.ts'
import { expire, expireUploads, forgetAnswers, forgetAudit, forgetCounts, forgetFiles } from './expire.ts'
import { advanceMark } from './mark.ts'
import type { MaintenanceDeps } from './paging.ts'
import { reap } from './reap.ts'
import { countLimited, release, trimTrash } from './room.ts'
import { createScanner } from './scan.ts'
import { createScrubber } from './scrub.ts'
import { sweep } from './sweep.ts'

/** Maintenance that runs at intervals. */
export interface Maintenance {
  /** Resolves when the running step has ended. */
  stop(): Promise<void>
}

/** Runs a round of maintenance at intervals, if no other process does. A round that fails is logged; the next one follows. */
export function startMaintenance(deps: MaintenanceDeps): Maintenance {
  const cycle = createCycle()
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  function schedule() {
    if (stopped) return
    timer = setTimeout(() => {
      running = withLeadership(deps.db, () => cycle(deps))
        .catch((error: unknown) => deps.logger.error('Maintenance failed', { error }))
        .then(schedule)
    }, deps.config.protocol.maintenanceIntervalSeconds * 1000)
  }
  schedule()

  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}

/**
 * Creates the function that runs one round of maintenance: all steps, each before the step that uses its results. After a step
 * that fails, the other steps run, and then the round rejects. A step with much work stops after the time between two rounds
 * and leaves the rest to the next round.
 */
export function createCycle() {
  const collect = createCollector()
  const scan = createScanner()
  const scrub = createScrubber()
  return async (deps: MaintenanceDeps): Promise<void> => {
    const failures: unknown[] = []
    const fail = (error: unknown) => void failures.push(error)
    const mayRemove = await advanceMark(deps).catch(fail)
    const steps = {
      answers: forgetAnswers,
      counts: forgetCounts,
      audit: forgetAudit,
      expired: expire,
      counted: countLimited,
      forgotten: forgetFiles,
      trimmed: trimTrash,
      uploads: expireUploads,
      reaped: reap,
      released: release,
      collected: collect,
      ...(mayRemove && { orphans: scan, swept: sweep }),
      scrubbed: scrub,
    }
    const done: Record<string, number> = {}
    for (const [name, step] of Object.entries(steps)) {
      if (deps.stopping()) break
      const deadline = performance.now() + deps.config.protocol.maintenanceIntervalSeconds * 1000
      const stopping = () => deps.stopping() || performance.now() > deadline
      const count = await step({ ...deps, stopping }).catch(fail)
      if (count) done[name] = count
    }
    if (Object.keys(done).length > 0) deps.logger.info('Maintenance', done)
    if (failures.length > 0)
      throw new Error(`${failures.length} steps of maintenance failed`, { cause: failures[0] })
  }
}
