import { createRandom } from './random.ts'
import { type KeptWrites, keptWrites } from './writeCache.ts'

/**
 * `start`: while the service starts, recovers or sets itself up. `requests`: among requests. `answer`: right after an answer.
 * `rest`: after the last answer. `checkpoint`: while PostgreSQL writes its pages.
 */
export type Moment = 'start' | 'requests' | 'answer' | 'rest' | 'checkpoint'

/** One power cut. */
export interface Cut {
  readonly moment: Moment
  readonly kept: KeptWrites
  readonly callers: number
  /** Nothing but these callers: no other request syncs by chance what one of theirs should have. */
  readonly alone: boolean
  /** Milliseconds of the start or of the traffic before the moment is waited for. */
  readonly after: number
  /** The power goes at this many writes and flushes of the disk after that, or answers. */
  readonly count: number
  /** Chooses which of the unflushed writes are kept. */
  readonly seed: number
}

/** The cuts of one disk, one after the other; the first may come while the service sets itself up on the empty disk. */
export function planCuts(seed: number, count: number): Cut[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, index) => {
    const usual = random.pick(['requests', 'requests', 'answer', 'answer', 'rest', 'checkpoint'] as const)
    const moment = random.chance(20) ? 'start' : usual
    return {
      moment,
      kept: random.pick(keptWrites),
      callers: random.pick([2, 4, 8, 16]),
      alone: false,
      after: moment === 'start' ? random.integer(0, index === 0 ? 4000 : 1500) : random.integer(500, 3000),
      count: moment === 'answer' ? random.integer(1, 20) : random.integer(1, 60),
      seed: random.integer(0, 2 ** 31),
    }
  })
}

/** Cuts that a service which does not sync seldom survives: right after an answer, and nothing is kept. */
export const planFatalCuts = (seed: number, count: number): Cut[] =>
  planCuts(seed, count).map((cut) => ({
    ...cut,
    ...{ moment: 'answer', kept: 'none', callers: 1, alone: true, count: 1 },
  }))
