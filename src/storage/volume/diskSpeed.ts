/** Knows from the reads that the event loop waited for whether the disk is quick enough for the next one. */
export interface DiskSpeed {
  isQuick(): boolean
  /** Runs a read that the event loop waits for. */
  time<Result>(read: () => Result): Result
}

/** Reads of the page cache take 0.005 ms, and of a quick disk at most 0.2 ms. */
const SLOW_MILLISECONDS = 2

/**
 * The event loop may wait so long for slow reads before the disk counts as slow. One slow read says nothing: on a busy machine
 * the kernel gives the processor to another process for 4 to 12 ms, now and then in the middle of a read.
 */
const PATIENCE_MILLISECONDS = 30

/** The share of the time in which the event loop may wait again and again. */
const PATIENT_SHARE = 0.05

const REST_MILLISECONDS = 1000

/** After too many slow reads, the disk counts as slow for a second. */
export function createDiskSpeed(): DiskSpeed {
  let waited = 0
  let waitedUntil = 0
  let quickFrom = 0

  function countSlow(begun: number, ended: number): void {
    waited = Math.max(0, waited - (begun - waitedUntil) * PATIENT_SHARE) + ended - begun
    waitedUntil = ended
    if (waited > PATIENCE_MILLISECONDS) quickFrom = ended + REST_MILLISECONDS
  }

  return {
    isQuick: () => performance.now() >= quickFrom,
    time(read) {
      const begun = performance.now()
      try {
        return read()
      } finally {
        const ended = performance.now()
        if (ended - begun > SLOW_MILLISECONDS) countSlow(begun, ended)
      }
    },
  }
}
